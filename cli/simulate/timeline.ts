/** Drawings of simulated runs: all of them as a strip, one of them as bars. */
import { durationText } from "../../shared/core/time.ts";
import type { SimulatedAttempt, SimulatedRun, SimulatedTask } from "../../shared/testing/index.ts";
import { shorten } from "../output/escape.ts";
import type { Channel } from "../output/terminal.ts";
import { runStateText } from "../output/words.ts";

type Format = Parameters<Channel["paint"]>[0];

/** Runs of one line. */
const STRIP_WIDTH = 60;
/** Lines of the strip; a year of days has seven. */
const STRIP_LINES_MAX = 40;

/** A letter for each run. */
export function printRunStrip(out: Channel, runs: readonly SimulatedRun[]): void {
  const late = runs.some(isLate) ? ", l late" : "";
  out.line(out.paint("dim", `Each run: . success, d degraded${late}, F failed, C cancelled`));
  const lines = Math.ceil(runs.length / STRIP_WIDTH);
  for (let line = 0; line < Math.min(lines, STRIP_LINES_MAX); line++) {
    const some = runs.slice(line * STRIP_WIDTH, (line + 1) * STRIP_WIDTH);
    const [first] = some;
    out.line(
      `  ${out.paint("dim", (first?.startedAt ?? first?.dueAt ?? "").slice(0, 16))}  ${some.map((run) => letterOf(out, run)).join("")}`,
    );
  }
  const rest = runs.length - STRIP_LINES_MAX * STRIP_WIDTH;
  if (rest > 0) out.line(out.paint("dim", `  and ${rest} more; --json lists them all`));
}

/** It succeeded, and too late. */
const isLate = ({ state, deadlines }: SimulatedRun): boolean =>
  state === "success" && deadlines.some(({ missed }) => missed);

function letterOf(out: Channel, run: SimulatedRun): string {
  const { state, degraded } = run;
  if (isLate(run)) return out.paint("red", "l");
  if (state === "success") return degraded ? out.paint("yellow", "d") : out.paint("green", ".");
  return state === "failed" ? out.paint("red", "F") : out.paint("yellow", "C");
}

const BAR_WIDTH_MAX = 72;
const BAR_WIDTH_MIN = 20;
const NAME_WIDTH_MAX = 32;
/** Tasks drawn; of a wide map the first ones. */
const ROWS_MAX = 60;

const MARKS: Readonly<Record<SimulatedAttempt["ended"], readonly [mark: string, format: Format]>> = {
  success: ["█", "green"],
  skipped: ["░", "dim"],
  failed: ["x", "red"],
  lost: ["?", "magenta"],
  closed: ["x", "yellow"],
};

/** Each task's attempts on the time from the start of the run to its end. */
export function printTimeline(out: Channel, run: SimulatedRun): void {
  const [startMs, endMs] = [Date.parse(run.startedAt ?? ""), Date.parse(run.endedAt ?? "")];
  const begun = run.tasks.filter(({ attempts }) => attempts.length > 0);
  const names = begun.map(nameOf);
  const nameWidth = Math.min(NAME_WIDTH_MAX, Math.max(4, ...names.map((name) => name.length)));
  const width = Math.max(BAR_WIDTH_MIN, Math.min(BAR_WIDTH_MAX, out.columns - nameWidth - 16));
  const column = (at: string): number => {
    const share = endMs === startMs ? 0 : (Date.parse(at) - startMs) / (endMs - startMs);
    return Math.floor(share * width);
  };
  out.line(
    `${out.paint("bold", run.runId)} ${runStateText(out, run)}, ${run.startedAt ?? ""} to ${run.endedAt ?? ""} (${durationText(endMs - startMs)})`,
  );
  for (const [index, task] of begun.slice(0, ROWS_MAX).entries()) {
    const name = shorten(names[index] ?? "", nameWidth).padEnd(nameWidth);
    out.line(`  ${name}  ${bar(out, task, width, column)}  ${out.paint("dim", taskText(task))}`.trimEnd());
  }
  if (begun.length > ROWS_MAX) out.line(out.paint("dim", `  and ${begun.length - ROWS_MAX} more tasks`));
  if (run.cause !== null) out.line(`  ${run.cause}`);
  out.line(out.paint("dim", "  █ success, x failed, ? worker lost, ░ skipped, · waits to be tried again"));
}

const nameOf = ({ taskId, mapIndex }: SimulatedTask): string => (mapIndex === null ? taskId : `${taskId}[${mapIndex}]`);

function bar(out: Channel, { attempts }: SimulatedTask, width: number, column: (at: string) => number): string {
  const cells: (readonly [mark: string, format: Format])[] = Array.from({ length: width }, () => [" ", "none"]);
  const [first, last] = [attempts[0], attempts.at(-1)];
  if (first === undefined || last === undefined) return "";
  const fill = (from: number, to: number, cell: (typeof cells)[number]): void => {
    for (let at = from; at < to; at++) cells[at] = cell;
  };
  fill(column(first.startedAt), column(last.startedAt), ["·", "dim"]);
  for (const { startedAt, endedAt, ended } of attempts) {
    // The shortest attempt shows, too, at the very end as well.
    const start = Math.min(width - 1, column(startedAt));
    fill(start, Math.max(start + 1, column(endedAt)), MARKS[ended]);
  }
  return cells.map(([mark, format]) => (mark === " " ? mark : out.paint(format, mark))).join("");
}

function taskText({ attempts }: SimulatedTask): string {
  const [first, last] = [attempts[0], attempts.at(-1)];
  if (first === undefined || last === undefined) return "";
  const ms = Date.parse(last.endedAt) - Date.parse(first.startedAt);
  return `${durationText(ms)}${attempts.length === 1 ? "" : `, ${attempts.length} attempts`}`;
}
