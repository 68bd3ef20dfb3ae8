/** What an operator did, or would do, for a person. */
import type { DagActView, RunActView } from "../../shared/contract/views.ts";
import { safeLine } from "./escape.ts";
import { printTable } from "./table.ts";
import type { Channel } from "./terminal.ts";
import { plural, stateText } from "./words.ts";

const DONE: Readonly<Record<RunActView["action"], string>> = {
  clear: "cleared",
  mark: "marked",
  retry_now: "sent again",
  pause: "paused",
  resume: "resumed",
  cancel: "cancelled",
};

const BECAUSE: Readonly<Record<RunActView["tasks"][number]["because"], string>> = {
  selected: "",
  upstream: "upstream",
  downstream: "downstream",
  follows: "it did not run because of these",
  setup: "it has been taken down since",
  teardown: "its setup runs again",
  unfinished: "the run's end kept it from running",
  version: "the newer version asks for it",
  instances: "it waits for its instances",
};

interface Around {
  /** Who runs here, and has heard of it. */
  readonly heard: string | undefined;
  /** Who paused its DAG. */
  readonly dagPaused: string | undefined;
  /** Its DAG has another version than the one that the run goes on with. */
  readonly newer: boolean;
}

export function printRunAct(out: Channel, act: RunActView, { heard, dagPaused, newer }: Around): void {
  out.line(headline(act));
  if (act.tasks.length > 0) printChanges(out, act);
  const { run, version } = act;
  if (run.from !== run.to) out.line(`run: ${stateText(out, run.from)} -> ${stateText(out, run.to)}`);
  if (version.from !== version.to) out.line(`version: ${version.from.slice(0, 12)} -> ${version.to.slice(0, 12)}`);
  if (newer && act.action === "clear") out.line(olderText(version.to));
  if (act.dryRun) return out.line("nothing was changed: without --dry-run it is");
  if (run.to !== "queued" && run.to !== "running") return;
  const closing = act.tasks.some(({ closes }) => closes);
  const what = closing ? "stops what is at work, and goes on" : "goes on with it";
  out.line(`${heard ?? "the next `freshet dev`"} ${what}`);
  if (dagPaused !== undefined && run.to === "queued") {
    out.line(dagPausedText(act.dagId, dagPaused));
  }
}

const olderText = (version: string): string =>
  `version: ${version.slice(0, 12)}, with which it began; another one is registered, which \`--latest\` takes`;

/** Of a backfill that has dates left. */
export const heldText = (dagId: string, by: string): string =>
  `its DAG is paused by ${safeLine(by)}: it takes up no date until \`freshet resume ${dagId}\``;

/** Of a run that is queued. */
export const dagPausedText = (dagId: string, by: string): string =>
  `its DAG is paused by ${safeLine(by)}: \`freshet resume ${dagId}\` lets it start`;

function headline({ action, dryRun, runId, tasks, paused, resumed, by }: RunActView): string {
  const would = dryRun ? "would be " : "";
  if (action === "pause" || action === "resume") {
    const which = action === "pause" ? paused : resumed;
    const named = which.map((taskId) => (taskId === null ? `run ${runId}` : `task ${taskId} of run ${runId}`));
    return `${named.join(", ")}: ${would}${DONE[action]} by ${safeLine(by)}`;
  }
  if (action === "cancel" && !dryRun) return `run ${runId}: cancelled by ${safeLine(by)}`;
  // A task that only waits for its instances again is not what was meant.
  const meant = tasks.filter(({ because }) => because !== "instances");
  return `run ${runId}: ${plural(meant.length, "task")} ${would}${DONE[action]} by ${safeLine(by)}`;
}

function printChanges(out: Channel, { tasks }: RunActView): void {
  printTable(
    out,
    [
      { heading: "TASK", cell: (task) => (task.mapIndex === null ? task.taskId : `${task.taskId}[${task.mapIndex}]`) },
      { heading: "FROM", cell: (task) => stateText(out, task.from) },
      { heading: "TO", cell: (task) => stateText(out, task.to) },
      { heading: "ATTEMPT", cell: (task) => (task.attempt === 0 ? "-" : String(task.attempt)), align: "right" },
      {
        heading: "NOTE",
        cell: (task) =>
          [task.closes ? "stopped first" : "", BECAUSE[task.because], madeAnew(task)]
            .filter((text) => text !== "")
            .join(", "),
        flexible: true,
      },
    ],
    tasks,
  );
}

/** A mapped task that is cleared waits for its instances: all of them are new. */
const madeAnew = ({ mapIndex, to, because }: RunActView["tasks"][number]): string =>
  mapIndex === null && to === "deferred" && because !== "instances" ? "with all of its instances" : "";

export function printDagAct(
  out: Channel,
  { dagId, action, dryRun, by, activeRuns, nextRun, behindSince }: DagActView,
  heard: string | undefined,
): void {
  out.line(`dag ${dagId}: ${dryRun ? "would be " : ""}${DONE[action]} by ${safeLine(by)}`);
  if (action === "pause" && activeRuns > 0)
    out.line(
      `${plural(activeRuns, "active run")} of it ${activeRuns === 1 ? "goes" : "go"} on; \`freshet pause <run>\` holds one`,
    );
  if (dryRun) return out.line("nothing was changed: without --dry-run it is");
  if (action === "pause") return;
  if (behindSince !== null) out.line(`it is behind: what was due at ${behindSince} starts as its places come free`);
  if (heard === undefined) return out.line("the next `freshet dev` goes on with it");
  out.line(nextRun === null ? `${heard} goes on with it` : `next run: ${nextRun}`);
}
