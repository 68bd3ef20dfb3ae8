import { findInstance } from "../../shared/app/instance-views.ts";
import { readRunToExplain } from "../../shared/app/views.ts";
import { optional, required, type Execute } from "../command.ts";
import { isHeld } from "../../shared/embedded/lock.ts";
import { explain } from "../explain.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { taskRef } from "../operate/given.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printWhy } from "../output/why.ts";

export const execute: Execute<object> = async ({ terminal, project, cwd, json, args }) => {
  await lookIntoRuns(project, async ({ reading }) => {
    const run = await readRunToExplain(reading, await findRun(reading, required(args, 0)));
    const now = reading.clock.now();
    const task = optional(args, 1);
    const ref = task === undefined ? undefined : taskRef(task);
    const instance =
      ref === undefined || ref.mapIndex === null
        ? undefined
        : await findInstance(reading, run, ref.taskId, ref.mapIndex);
    const explained = explain(run, now, project.home.path, { task: ref?.taskId, instance });
    if (json) printJson(terminal.out, explained);
    else {
      printWhy(terminal.out, explained, { now, cwd, task });
      // Records say the same whether or not there is anybody to go on with them.
      if (explained.endedAt === null && project.environment === undefined && !isHeld(project.home.path))
        terminal.out.line("\nnothing runs here: `freshet dev` goes on with it");
    }
  });
  return EXIT.success;
};
