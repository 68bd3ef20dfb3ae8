/** What happens in a run, as lines; on a terminal with a line below them that says what is at work. */
import type { RunReading } from "../../shared/app/views/runs.ts";
import type { TaskView } from "../../shared/contract/views.ts";
import type { AttemptItem } from "../../shared/core/attempt.ts";
import { TASK_STATE, type TaskState } from "../../shared/core/states.ts";
import { durationText, parseInstant, type Instant } from "../../shared/core/time.ts";
import type { Clock } from "../../shared/ports/clock.ts";
import { safeLine, safeText, shorten } from "../output/escape.ts";
import type { Channel } from "../output/terminal.ts";
import { intervalText, lateText, plural, runStateText, stateText } from "../output/words.ts";
import { runView } from "../../shared/app/views/runs.ts";
import type { FollowedTask, Step } from "./follow-run.ts";

export interface RunLines {
  step(step: Step): void;
  /** The last line, with who is to be asked if it failed. */
  ended(run: RunReading): void;
  /** A line between the others. */
  note(text: string): void;
  close(): void;
}

interface Options {
  readonly clock: Clock;
  /** Print what tasks log. */
  readonly logs: boolean;
}

const TASK_WIDTH_MIN = 10;
const TASK_WIDTH_MAX = 30;
/** Tasks at work that are named in the line at the bottom. */
const WORKING_NAMED_MAX = 4;

export function createRunLines(channel: Channel, { clock, logs }: Options): RunLines {
  let width = TASK_WIDTH_MIN;
  let footer = "";
  const clear = (): void => {
    if (footer !== "") channel.write("\r\u001b[2K");
  };
  const print = (text: string): void => {
    clear();
    channel.line(text);
    if (footer !== "") channel.write(footer);
  };
  const draw = (text: string): void => {
    if (!channel.isTerminal || text === footer) return;
    clear();
    footer = text;
    channel.write(text);
  };
  const name = (taskId: string): string => safeLine(taskId).padEnd(width);

  return {
    step(step) {
      switch (step.type) {
        case "admitted":
          width = taskWidth(step.run);
          return print(startText(channel, step.run));
        case "log":
          if (!logs || step.line.level === "debug") return;
          return print(
            `${channel.paint("dim", `${name(step.key.taskId)} |`)} ${logMessage(channel, step.line, width)}`,
          );
        case "attempt":
          return print(
            `${name(step.key.taskId)} ${attemptText(channel, step.key.attempt, step.item, step.task, clock.now())}`,
          );
        case "waiting":
          return print(
            `${name(step.task.view.taskId)} ${stateText(channel, "deferred")}: child run ${step.task.view.childRunId}`,
          );
        case "settled":
          return print(`${name(step.task.view.taskId)} ${settledText(channel, step.task.view)}`);
        case "looked":
          return draw(footerText(channel, step.tasks, clock.now()));
      }
    },
    ended(run) {
      clear();
      footer = "";
      for (const line of endLines(channel, run)) channel.line(line);
    },
    note: print,
    close() {
      clear();
      footer = "";
    },
  };
}

function taskWidth({ version }: RunReading): number {
  const longest = Math.max(...version.manifest.tasks.map(({ taskId }) => taskId.length));
  return Math.min(TASK_WIDTH_MAX, Math.max(TASK_WIDTH_MIN, longest));
}

function startText(channel: Channel, reading: RunReading): string {
  const view = runView(reading.run);
  const files = "blob" in reading.run.files ? "" : filesText(reading.run.files.map(({ key }) => key));
  const covers =
    view.dataInterval === null
      ? files
      : `, covers ${intervalText(view.dataInterval, reading.version.manifest.timezone)}${files}`;
  return `${channel.paint("bold", `run ${view.runId}`)} started${covers}`;
}

function filesText(keys: readonly string[]): string {
  const [first] = keys;
  if (first === undefined) return "";
  return keys.length === 1 ? `, with ${safeLine(first)}` : `, with ${keys.length} files`;
}

function logMessage(
  channel: Channel,
  { level, message, fields }: Extract<Step, { type: "log" }>["line"],
  width: number,
): string {
  const more = fields === undefined ? "" : ` ${channel.paint("dim", safeText(JSON.stringify(fields)))}`;
  const text = safeText(message).replaceAll("\n", `\n${" ".repeat(width)} ${channel.paint("dim", "|")} `);
  const painted =
    level === "error" ? channel.paint("red", text) : level === "warn" ? channel.paint("yellow", text) : text;
  return `${painted}${more}`;
}

function attemptText(
  channel: Channel,
  attempt: number,
  item: AttemptItem | null,
  task: FollowedTask,
  now: Instant,
): string {
  const took =
    item !== null && "startedAt" in item && "endedAt" in item
      ? ` in ${durationText(item.endedAt - item.startedAt)}`
      : "";
  // Of an attempt that started a child run, it is that run which tells.
  const ownEnd = item?.status === "finished" && item.outcome.kind === "success" ? item.outcome : undefined;
  const succeeded = task.view.state === "success" && attempt === task.view.attempt;
  if (ownEnd !== undefined && (ownEnd.child === undefined || succeeded)) {
    const again = attempt > 1 ? channel.paint("dim", ` (attempt ${attempt})`) : "";
    return `${stateText(channel, "success")}${took}${again}`;
  }
  if (item?.status === "finished" && item.outcome.kind === "skipped") {
    return `${stateText(channel, "skipped")}: ${safeLine(item.outcome.reason)}`;
  }
  const { view, attemptsMax, retryAt } = task;
  const latest = attempt === view.attempt;
  const state = latest && view.state !== "up_for_retry" ? view.state : "failed";
  const tries = attemptsMax > 1 || attempt > 1 ? ` (attempt ${attempt} of ${Math.max(attempt, attemptsMax)})` : "";
  const again = latest ? (retryAt === null ? "" : `; tried again ${inText(retryAt, now)}`) : "; tried again";
  return `${stateText(channel, state)}${took}${tries}: ${safeText(faultText(item, view))}${again}`;
}

function faultText(item: AttemptItem | null, view: TaskView): string {
  if (item?.status === "finished" && item.outcome.kind === "failed") {
    return `${item.outcome.error.name}: ${item.outcome.error.message}`;
  }
  if (item?.status === "closed" || item?.status === "revoked") return view.cause ?? item.reason;
  return view.cause ?? "its attempt is over";
}

const inText = (at: Instant, now: Instant): string => (at <= now ? "now" : `in ${durationText(at - now)}`);

function settledText(channel: Channel, { state, cause, instances }: TaskView): string {
  const why = cause === null ? "" : `: ${safeLine(cause)}`;
  if (instances === null || state === "failed") return `${stateText(channel, state)}${why}`;
  const failed = instances.failed === 0 ? "" : `, ${instances.failed} failed`;
  return `${stateText(channel, state)} (${plural(instances.total, "instance")}${failed})${why}`;
}

function footerText(channel: Channel, tasks: readonly TaskView[], now: Instant): string {
  const working = tasks.filter(({ state }) => state === "running");
  const waiting = tasks.filter(({ state }) => state === "up_for_retry" || state === "queued").length;
  const done = tasks.filter(({ state }) => TASK_STATE[state as TaskState].terminal).length;
  const named = working.slice(0, WORKING_NAMED_MAX).map(({ taskId, startedAt }) => {
    const since = startedAt === null ? undefined : parseInstant(startedAt);
    const seconds = since === undefined ? 0 : Math.floor((now - since) / 1000);
    return seconds < 1 ? taskId : `${taskId} ${durationText(seconds * 1000)}`;
  });
  if (working.length > named.length) named.push(`${working.length - named.length} more`);
  const mapped = tasks.flatMap(({ taskId, state, instances }) =>
    instances === null || state !== "deferred"
      ? []
      : [`${taskId} ${instances.total - instances.open}/${instances.total}`],
  );
  const parts = [
    [...mapped, ...named].join(", "),
    waiting > 0 ? `${waiting} waiting` : "",
    `${done} of ${plural(tasks.length, "task")} done`,
  ];
  const text = parts.filter((part) => part !== "").join(" · ");
  return channel.paint("dim", shorten(text, Math.max(1, channel.columns - 1)));
}

function endLines(channel: Channel, { run, version }: RunReading): readonly string[] {
  const { startedAt, endedAt, state, cause } = run;
  const took = endedAt === null ? "" : ` in ${durationText(endedAt - (startedAt ?? run.queuedAt))}`;
  const why = cause === null ? "" : `: ${safeText(cause.text)}`;
  const view = runView(run);
  const late = lateText(view, endedAt ?? run.queuedAt);
  const how = `${runStateText(channel, view)}${took}${late === "" ? "" : `, ${channel.paint("red", late)}`}`;
  const line = `${channel.paint("bold", `run ${run.runId}`)} ${how}${why}`;
  if (state !== "failed" && !run.degraded) return [line];
  const { owner, runbook } = version.manifest;
  const who = [owner === null ? [] : [`owner ${owner}`], runbook === null ? [] : [`runbook ${runbook}`]].flat();
  return [
    line,
    ...(who.length === 0 ? [] : [`  ${safeLine(who.join(", "))}`]),
    `  ${channel.paint("dim", `freshet why ${run.runId}`)}`,
  ];
}
