import { readRun, taskViews } from "../../shared/app/views.ts";
import type { TaskView } from "../../shared/contract/views.ts";
import type { Instant } from "../../shared/core/time.ts";
import { required, type Execute } from "../command.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printTable } from "../output/table.ts";
import type { Channel } from "../output/terminal.ts";
import { lengthText, stateText, timeText } from "../output/words.ts";

export const execute: Execute<object> = async ({ terminal, project, json, args }) => {
  await lookIntoRuns(project, async ({ reading }) => {
    const tasks = taskViews(await readRun(reading, await findRun(reading, required(args, 0))));
    if (json) printJson(terminal.out, tasks);
    else printTasks(terminal.out, tasks, reading.clock.now());
  });
  return EXIT.success;
};

const waitText = ({ state, childRunId }: TaskView): string =>
  state === "deferred" && childRunId !== null ? `waits for child run ${childRunId}` : "";

function printTasks(out: Channel, tasks: readonly TaskView[], now: Instant): void {
  printTable(
    out,
    [
      { heading: "TASK", cell: (task) => (task.mapIndex === null ? task.taskId : `${task.taskId}[${task.mapIndex}]`) },
      { heading: "STATE", cell: (task) => stateText(out, task.state) },
      { heading: "ATTEMPT", cell: (task) => (task.attempt === 0 ? "-" : String(task.attempt)), align: "right" },
      { heading: "STARTED", cell: (task) => timeText(task.startedAt) },
      { heading: "TOOK", cell: (task) => lengthText(task, now), align: "right" },
      { heading: "CAUSE", cell: (task) => safeLine(task.cause ?? waitText(task)), flexible: true },
    ],
    tasks,
  );
}
