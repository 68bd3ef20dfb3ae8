/** What `freshet dev` tells: as lines for a person, or as JSON, an event on a line. */
import type { RunView } from "../../shared/contract/views.ts";
import type { ArrivedObject } from "../../shared/core/attempt.ts";
import { assertNever } from "../../shared/core/errors.ts";
import type { Problem } from "../../shared/core/problem.ts";
import type { Registered } from "../../shared/app/register.ts";
import { durationText, iso, parseInstant, type Instant } from "../../shared/core/time.ts";
import type { Clock } from "../../shared/ports/clock.ts";
import { safeLine, safeText } from "../output/escape.ts";
import { printJsonLine } from "../output/json.ts";
import { printProblem, problemCount, type SourceLine } from "../output/problems.ts";
import type { Terminal } from "../output/terminal.ts";
import { intervalText, lengthText, plural, runStateText, stateText } from "../output/words.ts";

export type DevEvent =
  | {
      readonly type: "registered";
      readonly dags: readonly Registered[];
      readonly problems: readonly Problem[];
      readonly tookMs: number;
    }
  | {
      readonly type: "run_deadline_missed";
      readonly run: RunView;
      readonly deadline: { readonly name: string; readonly at: string };
      /** What keeps the run: tasks, each with its state. */
      readonly waitsFor: readonly string[];
    }
  | { readonly type: "arrived"; readonly object: ArrivedObject }
  | {
      readonly type: "run_started";
      readonly run: RunView;
      readonly timezone: string;
      readonly files: readonly string[];
    }
  /** They were at work when the scheduler before this one ended. */
  | { readonly type: "runs_go_on"; readonly runs: readonly RunView[] }
  | {
      readonly type: "run_ended";
      readonly run: RunView;
      /** How many tasks ended in each state. */
      readonly tasks: Readonly<Record<string, number>>;
      readonly why: string;
      readonly owner: string | null;
      readonly runbook: string | null;
    }
  | {
      readonly type: "attempt_failed";
      readonly runId: string;
      readonly taskId: string;
      readonly attempt: number;
      readonly attemptsMax: number;
      readonly error: { readonly name: string; readonly message: string };
      /** Where the task stands now. */
      readonly state: string;
      readonly retryAt: string | null;
    }
  | { readonly type: "fault"; readonly id: string; readonly code: string; readonly message: string }
  | { readonly type: "note"; readonly text: string };

/** Of many runs that go on, so many are named. */
const RUNS_NAMED_MAX = 5;

export type Tell = (event: DevEvent) => void;

export function createTell(terminal: Terminal, json: boolean, clock: Clock, source: () => SourceLine): Tell {
  if (json) return (event) => printJsonLine(terminal.out, { at: iso(clock.now()), ...event });
  const { out } = terminal;
  return (event) => {
    const time = out.paint("dim", iso(clock.now()).slice(11, 19));
    if (event.type === "registered")
      for (const problem of event.problems) printProblem(terminal.err, problem, source());
    for (const text of linesOf(terminal, event, clock.now())) out.line(`${time}  ${text}`);
  };
}

function linesOf({ out }: Terminal, event: DevEvent, now: Instant): readonly string[] {
  switch (event.type) {
    case "registered":
      return registeredLines(out, event);
    case "arrived":
      return [`${safeLine(event.object.key)} arrived in bucket ${safeLine(event.object.bucket)}`];
    case "run_started": {
      const covers =
        event.run.dataInterval === null ? "" : `, covers ${intervalText(event.run.dataInterval, event.timezone)}`;
      return [`run ${event.run.runId} started (${event.run.runType}${covers}${filesText(event.files)})`];
    }
    case "runs_go_on":
      return goingOnLines(event.runs, now);
    case "run_ended":
      return endedLines(out, event, now);
    case "run_deadline_missed":
      return [missedText(out, event, now)];
    case "attempt_failed":
      return [attemptText(out, event, now)];
    case "fault":
      return [`${out.paint("red", "fault")} ${safeLine(event.id)}: ${safeLine(event.message)} [${event.code}]`];
    case "note":
      return [safeLine(event.text)];
    default:
      return assertNever(event);
  }
}

function filesText(files: readonly string[]): string {
  const [first] = files;
  if (first === undefined) return "";
  return `, with ${files.length === 1 ? safeLine(first) : plural(files.length, "file")}`;
}

function registeredLines(
  out: Terminal["out"],
  { dags, problems, tookMs }: Extract<DevEvent, { type: "registered" }>,
): readonly string[] {
  const changed = dags.filter(({ change }) => change !== "unchanged");
  const lines = changed.map(({ dagId, change }) => `dag ${dagId} ${CHANGE_TEXT[change]}`);
  if (lines.length > 0) lines.push(`${lines.pop() ?? ""} ${out.paint("dim", `(${durationText(tookMs)})`)}`);
  const errors = problems.filter(({ level }) => level === "error");
  if (errors.length > 0) lines.push(`${out.paint("red", problemCount(errors))}: what worked before stays as it was`);
  return lines;
}

function goingOnLines(runs: readonly RunView[], now: Instant): readonly string[] {
  const lines = runs
    .slice(0, RUNS_NAMED_MAX)
    .map((run) => `run ${run.runId} goes on, which was at work before; it has taken ${lengthText(run, now)}`);
  const more = runs.length - lines.length;
  return more === 0 ? lines : [...lines, `so do ${plural(more, "other run")}: \`freshet runs --state running\``];
}

const CHANGE_TEXT: Readonly<Record<Registered["change"], string>> = {
  new: "registered",
  changed: "changed: new runs get the new version",
  unchanged: "unchanged",
  removed: "removed: it starts nothing any more",
};

/** One line has it all: what failed, why, whom to ask and where it says what to do. */
function endedLines(
  out: Terminal["out"],
  { run, tasks, why, owner, runbook }: Extract<DevEvent, { type: "run_ended" }>,
  now: Instant,
): readonly string[] {
  const line = `run ${run.runId} ${runStateText(out, run)} in ${lengthText(run, now)}${countsText(out, tasks)}`;
  if (run.state === "success" && !run.degraded) return [line];
  const who = [owner === null ? [] : [`owner ${owner}`], runbook === null ? [] : [`runbook ${runbook}`]].flat();
  const ask = who.length === 0 ? "" : ` (${who.join(", ")})`;
  return [`${line}: ${safeLine(why)}${safeLine(ask)}`, out.paint("dim", `npx freshet why ${run.runId}`)];
}

function missedText(
  out: Terminal["out"],
  { run, deadline: { name, at }, waitsFor }: Extract<DevEvent, { type: "run_deadline_missed" }>,
  now: Instant,
): string {
  const tasks = waitsFor.length === 0 ? "" : `; it waits for ${waitsFor.join(", ")}`;
  const lateMs = now - (parseInstant(at) ?? now);
  // Found by a timer at its time, or by somebody who came later.
  const ago = lateMs < 1_000 ? "" : `, ${durationText(lateMs)} ago`;
  return `run ${run.runId} ${out.paint("red", "missed its deadline")} '${safeLine(name)}'${ago} and is ${runStateText(out, run)}${safeLine(tasks)}`;
}

function countsText(out: Terminal["out"], tasks: Readonly<Record<string, number>>): string {
  const counts = Object.entries(tasks).map(([state, count]) => `${count} ${state}`);
  return counts.length === 0 ? "" : out.paint("dim", ` (tasks: ${counts.join(", ")})`);
}

/** States of a task that is not tried again. */
const OVER: readonly string[] = ["failed", "skipped", "upstream_failed", "success", "removed"];

function attemptText(out: Terminal["out"], event: Extract<DevEvent, { type: "attempt_failed" }>, now: Instant): string {
  const { taskId, runId, attempt, attemptsMax, error, state, retryAt } = event;
  if (error.name === "Cancelled") return `task ${safeLine(taskId)} stopped (attempt ${attempt}) in ${runId}`;
  const at = retryAt === null ? undefined : parseInstant(retryAt);
  const again =
    at === undefined
      ? OVER.includes(state)
        ? ""
        : "; tried again"
      : `; tried again ${at <= now ? "now" : `in ${durationText(at - now)}`}`;
  const tries = `attempt ${attempt} of ${Math.max(attempt, attemptsMax)}`;
  const said = safeText(`${error.name}: ${error.message}`).split("\n", 1)[0] ?? "";
  return `task ${safeLine(taskId)} ${stateText(out, "failed")} (${tries}) in ${runId}: ${said}${again}`;
}
