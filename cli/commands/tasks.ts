import { instanceViews } from "../../shared/app/views/instances.ts";
import { readRun, requireTask, taskViews } from "../../shared/app/views/runs.ts";
import type { TaskView } from "../../shared/contract/views.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import type { Instant } from "../../shared/core/time.ts";
import { optional, required, type Execute } from "../command.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { taskRef } from "../operate/given.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printTable } from "../output/table.ts";
import type { Channel } from "../output/terminal.ts";
import { lengthText, stateText, timeText } from "../output/words.ts";

export const execute: Execute<object> = async ({ terminal, project, json, args }) => {
  await lookIntoRuns(project, async ({ reading, stores }) => {
    const run = await readRun(reading, await findRun(reading, required(args, 0)));
    const named = optional(args, 1);
    const ref = named === undefined ? undefined : taskRef(named);
    const task = ref?.taskId;
    if (task !== undefined) requireTask(run, task);
    if (typeof ref?.mapIndex === "number")
      throw new FreshetError(
        "USAGE",
        `'${named}' is one instance; \`freshet tasks ${run.run.runId} ${task}\` lists all of them, \`freshet why ${run.run.runId} '${named}'\` is about this one`,
      );
    const rows: TaskView[] = [];
    for (const view of taskViews(run)) {
      if (task !== undefined && view.taskId !== task) continue;
      const instances =
        view.instances === null ? [] : await instanceViews({ ...reading, blobs: stores.blobs }, run, view.taskId);
      rows.push(view, ...(json || task !== undefined ? instances : worthShowing(instances)));
    }
    if (json) printJson(terminal.out, rows);
    else printTasks(terminal.out, rows, reading.clock.now());
    if (!json) printLeftOut(terminal.out, run.run.runId, rows);
  });
  return EXIT.success;
};

const waitText = ({ state, childRunId }: TaskView): string =>
  state === "deferred" && childRunId !== null ? `waits for child run ${childRunId}` : "";

/** Instances of one task that are listed among the other tasks; of more only those that need a look. */
const INSTANCES_LISTED_MAX = 20;

function worthShowing(instances: readonly TaskView[]): readonly TaskView[] {
  if (instances.length <= INSTANCES_LISTED_MAX) return instances;
  return instances.filter(({ state }) => NEEDS_A_LOOK.has(state)).slice(0, INSTANCES_LISTED_MAX);
}

const NEEDS_A_LOOK: ReadonlySet<string> = new Set(["failed", "up_for_retry", "restarting"]);

function printLeftOut(out: Channel, runId: string, rows: readonly TaskView[]): void {
  for (const { taskId, instances } of rows) {
    const shown = rows.filter((row) => row.taskId === taskId && row.mapIndex !== null).length;
    if (instances === null || shown === instances.total) continue;
    const text = `${instances.total - shown} more instances of ${taskId}: \`freshet tasks ${runId} ${taskId}\` lists all`;
    out.line(out.paint("dim", text));
  }
}

/** `load[3]`, with the name of the instance if it has one. */
const nameOf = ({ taskId, mapIndex, mapKey }: TaskView): string => {
  if (mapIndex === null) return taskId;
  return mapKey === null ? `${taskId}[${mapIndex}]` : `${taskId}[${mapIndex}] ${safeLine(mapKey)}`;
};

/** Of a mapped task, with how many of its instances have ended. */
const stateCell = (out: Channel, { state, instances }: TaskView): string =>
  instances === null
    ? stateText(out, state)
    : `${stateText(out, state)} ${instances.total - instances.open}/${instances.total}`;

function printTasks(out: Channel, tasks: readonly TaskView[], now: Instant): void {
  printTable(
    out,
    [
      { heading: "TASK", cell: nameOf },
      { heading: "STATE", cell: (task) => stateCell(out, task) },
      { heading: "ATTEMPT", cell: (task) => (task.attempt === 0 ? "-" : String(task.attempt)), align: "right" },
      { heading: "STARTED", cell: (task) => timeText(task.startedAt) },
      { heading: "TOOK", cell: (task) => lengthText(task, now), align: "right" },
      { heading: "CAUSE", cell: (task) => safeLine(task.cause ?? waitText(task)), flexible: true },
    ],
    tasks,
  );
}
