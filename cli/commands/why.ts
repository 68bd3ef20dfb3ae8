import { findInstance } from "../../shared/app/views/instances.ts";
import { dagWhyView } from "../../shared/app/views/dag.ts";
import { readRunToExplain } from "../../shared/app/views/runs.ts";
import { dagId, idFault } from "../../shared/core/ids.ts";
import { optional, required, type Execute } from "../command.ts";
import { isHeld } from "../../shared/embedded/lock.ts";
import { explain } from "../explain.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { taskRef } from "../operate/given.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printWhy } from "../output/why.ts";
import { printWhyDag } from "../output/why-dag.ts";

export const execute: Execute<object> = async ({ terminal, project, cwd, json, args }) => {
  await lookIntoRuns(project, async ({ reading, stores }) => {
    const name = required(args, 0);
    const isDag = idFault("dag", name) === undefined && (await reading.dags.load(dagId(name))) !== undefined;
    if (isDag && optional(args, 1) === undefined) {
      const dag = await dagWhyView({ ...reading, backfills: stores.backfills }, dagId(name), reading.clock.now());
      if (json) return printJson(terminal.out, dag);
      printWhyDag(terminal.out, dag, reading.clock.now());
      if (!dag.removed && !dag.paused && project.environment === undefined && !isHeld(project.home.path))
        terminal.out.line("\nnothing runs here: `freshet dev` starts what is due");
      return;
    }
    const run = await readRunToExplain(reading, await findRun(reading, name));
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
