/** A run explained, for a person: what matters first, the rest counted, and the command to run next at the end. */
import type { Instant } from "../../shared/core/time.ts";
import type { Explained, ExplainedTask } from "../explain.ts";
import { safeLine, safeText } from "./escape.ts";
import type { Channel } from "./terminal.ts";
import { agoText, intervalText, lengthText, pathText, runStateText, stateText, timeText } from "./words.ts";

/** Tasks that are explained one by one; the others are counted. */
const TASKS_SHOWN_MAX = 10;
/** Frames of an error's stack that lie in the author's files. */
const FRAMES_SHOWN_MAX = 3;
const LABEL_WIDTH = 9;

/** What needs a look comes first. Those that ended well, or only because of others, are counted. */
const URGENCY: readonly string[] = [
  "failed",
  "up_for_retry",
  "restarting",
  "running",
  "deferred",
  "queued",
  "scheduled",
  "none",
];

interface Asked {
  readonly now: Instant;
  readonly cwd: string;
  /** The one task that was asked for. */
  readonly task?: string | undefined;
}

export function printWhy(out: Channel, run: Explained, asked: Asked): void {
  const field = (label: string, text: string): void =>
    out.line(`  ${out.paint("dim", label.padEnd(LABEL_WIDTH))} ${text}`);
  out.line(`${out.paint("bold", `run ${run.runId}`)}  ${runStateText(out, run)}`);
  field("why", safeLine(run.why));
  field("since", sinceText(run, asked.now));
  if (run.dataInterval !== null) field("covers", intervalText(run.dataInterval, run.timezone));
  if (run.parent !== null) {
    const { runId, taskId, attempt } = run.parent;
    field("parent", safeLine(`started by task '${taskId}' of run ${runId} (attempt ${attempt})`));
  }
  for (const { name, at, why } of run.deadlines) {
    const text = safeLine(`${name}, at ${timeText(at)}: ${why}`);
    field("deadline", why.startsWith("missed") ? out.paint("red", text) : text);
  }
  printOwner(field, run);
  for (const act of run.acts) {
    const why = act.reason === "" ? "" : `: ${act.reason}`;
    field("by hand", safeLine(`${agoText(act.at, asked.now)}, ${act.by}: ${act.action}${why}`));
  }
  const shown = tasksToShow(run, asked);
  for (const task of shown) printTask(out, run, task, asked);
  if (asked.task === undefined) printRest(out, run, shown);
  const next = nextCommands(run, shown);
  if (next.length === 0) return;
  const width = Math.max(...next.map(([command]) => command.length));
  out.line();
  out.line(out.paint("bold", "next"));
  for (const [command, what] of next) out.line(`  ${command.padEnd(width)}  ${out.paint("dim", what)}`);
}

function sinceText(run: Explained, now: Instant): string {
  if (run.endedAt !== null && run.startedAt === null) return `${agoText(run.endedAt, now)}, before it had started`;
  if (run.endedAt !== null) return `${agoText(run.endedAt, now)}, after ${lengthText(run, now)}`;
  if (run.startedAt !== null) return agoText(run.startedAt, now);
  return `${agoText(run.queuedAt, now)}, in the queue`;
}

function printOwner(field: (label: string, text: string) => void, of: Pick<Explained, "owner" | "runbook">): void {
  if (of.owner !== null) field("owner", safeLine(of.owner));
  if (of.runbook !== null) field("runbook", safeLine(of.runbook));
}

function tasksToShow(run: Explained, { task }: Asked): readonly ExplainedTask[] {
  if (task !== undefined) return run.tasks;
  const urgent = run.tasks.filter(({ state }) => URGENCY.includes(state));
  return urgent.toSorted((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state)).slice(0, TASKS_SHOWN_MAX);
}

function printTask(out: Channel, run: Explained, task: ExplainedTask, { now, cwd }: Asked): void {
  const field = (label: string, text: string): void =>
    out.line(`  ${out.paint("dim", label.padEnd(LABEL_WIDTH))} ${text}`);
  const tries = task.attempt === 0 ? "" : ` (${triesText(task)})`;
  out.line();
  out.line(`${out.paint("bold", `task ${safeLine(task.taskId)}`)}  ${stateText(out, task.state)}${tries}`);
  field("why", safeLine(task.why));
  if (task.since !== null) field("since", agoText(task.since, now));
  if (task.nextLook !== null) field("next look", agoText(task.nextLook, now));
  if (task.waitsFor.length > 0)
    field("waits for", task.waitsFor.map(({ taskId, state }) => `${taskId} (${state})`).join(", "));
  if (task.broke.length > 0) field("broke", task.broke.join(", "));
  if (task.error !== null) printError(field, task.error, task.attempt);
  if (task.log !== null) field("log", safeLine(pathText(cwd, task.log)));
  const own = {
    owner: task.owner === run.owner ? null : task.owner,
    runbook: task.runbook === run.runbook ? null : task.runbook,
  };
  printOwner(field, own);
}

/** `attempt 1 of 3`; of one that was cleared, or lost, `attempt 4, try 1 of 3`. */
function triesText({ attempt, attemptsMax, triesMax }: ExplainedTask): string {
  const before = attemptsMax - triesMax;
  if (before === 0) return `attempt ${attempt} of ${Math.max(attempt, attemptsMax)}`;
  return attempt > before ? `attempt ${attempt}, try ${attempt - before} of ${triesMax}` : `attempt ${attempt}`;
}

function printError(
  field: (label: string, text: string) => void,
  error: NonNullable<ExplainedTask["error"]>,
  attempt: number,
): void {
  const which = error.attempt === attempt ? "" : `attempt ${error.attempt}: `;
  field(
    "error",
    `${which}${safeText(`${error.name}: ${error.message}`).replaceAll("\n", `\n${" ".repeat(LABEL_WIDTH + 3)}`)}`,
  );
  for (const frame of ownFrames(error.stack)) field("", safeLine(frame));
}

/** Where it was thrown, in files that the author wrote. */
function ownFrames(stack: string | null): readonly string[] {
  const frames = (stack ?? "").split("\n").map((line) => line.trim());
  return frames
    .filter((frame) => frame.startsWith("at ") && !/node_modules|node:|[/\\]bundles[/\\]/.test(frame))
    .slice(0, FRAMES_SHOWN_MAX);
}

function printRest(out: Channel, run: Explained, shown: readonly ExplainedTask[]): void {
  const rest = run.tasks.filter((task) => !shown.includes(task));
  if (rest.length === 0) return;
  const counts = Map.groupBy(rest, ({ state }) => state);
  out.line();
  const texts = [...counts].map(([state, tasks]) => `${tasks.length} ${stateText(out, state)}`);
  out.line(`${shown.length === 0 ? "tasks" : "other tasks"}: ${texts.join(", ")}`);
}

type Next = readonly [command: string, what: string];

function nextCommands(run: Explained, shown: readonly ExplainedTask[]): readonly Next[] {
  const failed = shown.find(({ state }) => state === "failed") ?? shown.find(({ state }) => state === "up_for_retry");
  const working = shown.find(({ state }) => state === "running");
  const waiting = shown.find(({ pool }) => pool !== null);
  const next: Next[] = failed === undefined ? [] : [...afterFailure(run, failed)];
  if (working !== undefined) next.push([`freshet logs ${run.runId} ${named(working)} --follow`, "what it logs"]);
  const child = (failed ?? shown.find(({ state }) => state === "deferred"))?.childRunId ?? null;
  if (child !== null) next.push([`freshet why ${child}`, "its child run"]);
  if (run.parent !== null) next.push([`freshet why ${run.parent.runId}`, "the run that started it"]);
  if (waiting !== undefined) next.push([`freshet pools ${waiting.pool}`, "who holds its slots, and who waits"]);
  if (run.dagPaused && run.state === "queued") next.push([`freshet resume ${run.dagId}`, "let its DAG start runs"]);
  if (run.paused !== null) next.push([`freshet resume ${run.runId}`, "let it go on"]);
  for (const task of run.pausedTasks) next.push([`freshet resume ${run.runId} ${task}`, "let it start"]);
  if (run.endedAt !== null && run.state !== "success") {
    next.push([
      `freshet clear ${run.runId} --failed`,
      run.outdated ? "go on from here, with the code it had" : "go on from here",
    ]);
    if (run.outdated)
      next.push([`freshet clear ${run.runId} --failed --latest`, "with the code that is registered now"]);
  }
  if (run.endedAt === null) next.push([`freshet cancel ${run.runId}`, "end it"]);
  return next;
}

const isInstance = ({ taskId }: ExplainedTask): boolean => taskId.includes("[");
/** As a shell takes it. */
const named = (task: ExplainedTask): string => (isInstance(task) ? `'${task.taskId}'` : task.taskId);

function afterFailure({ runId, dagId }: Explained, failed: ExplainedTask): readonly Next[] {
  const { taskId, state, attempt, mapped, alone, instance, childRunId } = failed;
  const name = named(failed);
  const next: Next[] = [];
  if (mapped) next.push([`freshet tasks ${runId} ${taskId}`, "its instances"]);
  if (instance !== null) next.push([`freshet why ${runId} '${taskId}[${instance}]'`, "the first of them that failed"]);
  // What starts a child run has neither logged nor done anything itself.
  if (attempt > 0 && childRunId === null) next.push([`freshet logs ${runId} ${name}`, "what it logged"]);
  if (isInstance(failed)) next.push([`freshet clear ${runId} ${name}`, "run it again, and no other instance"]);
  else if (alone && attempt > 0)
    next.push([`freshet run ${dagId} --task ${taskId} --from-run ${runId}`, "try it alone, after a change"]);
  if (state === "up_for_retry") next.push([`freshet retry ${runId} ${name}`, "try it again now"]);
  return next;
}
