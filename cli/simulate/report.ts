/** What came of a simulation, as people read it. */
import { durationText } from "../../shared/core/time.ts";
import type { DeadlineTotals, Simulation, SimulatedRun, TaskTotals } from "../../shared/testing/index.ts";
import { safeLine } from "../output/escape.ts";
import type { Channel } from "../output/terminal.ts";
import { plural, stateText } from "../output/words.ts";
import { printRunStrip, printTimeline } from "./timeline.ts";

const LABEL_WIDTH = 14;
/** Tasks and dates that are named; more are counted. */
const NAMED_MAX = 5;
const PATHS_SHOWN_MAX = 3;

export function printSimulation(out: Channel, simulation: Simulation): void {
  const { dagId, seed, from, to, runs, totals } = simulation;
  const line = (label: string, text: string): void => {
    if (text !== "") out.line(`  ${out.paint("dim", label.padEnd(LABEL_WIDTH))}${text}`);
  };
  out.line(`${out.paint("bold", dagId)}, ${from} to ${to}: ${plural(runs.length, "run")}, seed ${seed}`);
  if (runs.length === 0) return out.line("  Nothing falls due in this period.");
  line("outcome", outcomeText(out, simulation));
  const { median, p90, longest } = totals.lengthMs;
  line(
    "length",
    `median ${durationText(median)}, 9 of 10 within ${durationText(p90)}, longest ${durationText(longest)}`,
  );
  line("attempts", attemptsText(simulation));
  line(
    "at once",
    `${plural(totals.activeRunsMax, "run")}${totals.waitMsMax === 0 ? "" : `; a run waited up to ${durationText(totals.waitMsMax)} for its place`}`,
  );
  for (const { name, waits, medianMs, longestMs } of totals.pools) {
    line(
      "pool",
      `${name}: ${waits === 0 ? "nothing waited" : `${plural(waits, "task")} waited, median ${durationText(medianMs)}, longest ${durationText(longestMs)}`}`,
    );
  }
  for (const deadline of totals.deadlines) line("deadline", deadlineText(deadline, simulation));
  line("passed over", passedOverText(simulation));
  for (const { tasks, runs: count, medianMs, longestMs } of simulation.longestPaths.slice(0, PATHS_SHOWN_MAX)) {
    line(
      "longest path",
      `${tasks.join(" → ")} (${plural(count, "run")}, median ${durationText(medianMs)}, longest ${durationText(longestMs)})`,
    );
  }
  out.line();
  printRunStrip(out, runs);
  const shown = worthShowing(runs);
  if (shown === undefined) return;
  out.line();
  printTimeline(out, shown);
}

function outcomeText(out: Channel, { totals }: Simulation): string {
  const { success, failed, cancelled } = totals.states;
  const parts = [
    `${success} ${stateText(out, "success")}${totals.degraded === 0 ? "" : ` (${totals.degraded} degraded)`}`,
    failed === 0
      ? ""
      : `${failed} ${stateText(out, "failed")}${named(totals.tasks, ({ states }) => states["failed"] ?? 0)}`,
    cancelled === 0 ? "" : `${cancelled} ${stateText(out, "cancelled")}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function attemptsText({ totals: { attempts, retries, lost, timeouts, tasks } }: Simulation): string {
  const parts = [
    `${attempts}`,
    retries === 0 ? "" : `${retries} of them retries${named(tasks, (task) => task.retries)}`,
    lost === 0 ? "" : plural(lost, "lost worker"),
    timeouts === 0 ? "" : `${plural(timeouts, "timeout")}${named(tasks, (task) => task.timeouts)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** ` (extract 9, publish 5)`: the most first. */
function named(tasks: readonly TaskTotals[], of: (task: TaskTotals) => number): string {
  const some = tasks.filter((task) => of(task) > 0).toSorted((a, b) => of(b) - of(a));
  const shown = some.slice(0, NAMED_MAX).map((task) => `${task.taskId} ${of(task)}`);
  const more = some.length > NAMED_MAX ? [`${some.length - NAMED_MAX} more`] : [];
  return some.length === 0 ? "" : ` (${[...shown, ...more].join(", ")})`;
}

/** `by 07:00: 31 runs, 2 too late, by up to 25m: 2026-03-09T04:00:00Z, 2026-03-10T04:00:00Z (failed)`. */
function deadlineText({ name, runs: count, missed, latestMs }: DeadlineTotals, { runs }: Simulation): string {
  const kept = `${safeLine(name)}: ${plural(count, "run")}, `;
  if (count === 0) return `${safeLine(name)}: no run has it`;
  if (missed === 0) return `${kept}all in time`;
  const late = runs.filter(({ deadlines }) => deadlines.some((each) => each.name === name && each.missed));
  const shown = late
    .slice(0, NAMED_MAX)
    .map((run) => `${run.dueAt}${run.state === "success" ? "" : ` (${run.state})`}`);
  const more = late.length > NAMED_MAX ? [`${late.length - NAMED_MAX} more`] : [];
  const by = latestMs === 0 ? "" : `, by up to ${durationText(latestMs)}`;
  return `${kept}${missed} too late${by}: ${[...shown, ...more].join(", ")}`;
}

function passedOverText({ passedOver }: Simulation): string {
  if (passedOver.length === 0) return "";
  const shown = passedOver.slice(0, NAMED_MAX).map(({ due }) => due);
  const more = passedOver.length > NAMED_MAX ? `, ${passedOver.length - NAMED_MAX} more` : "";
  return `${plural(passedOver.length, "firing")}, while a run before was still at work: ${shown.join(", ")}${more}`;
}

/** The first one that failed, or else the longest. */
function worthShowing(runs: readonly SimulatedRun[]): SimulatedRun | undefined {
  const begun = runs.filter(({ startedAt, endedAt }) => startedAt !== null && endedAt !== null);
  const lengthOf = ({ startedAt, endedAt }: SimulatedRun): number =>
    Date.parse(endedAt ?? "") - Date.parse(startedAt ?? "");
  return (
    begun.find(({ state }) => state === "failed") ??
    begun.reduce<SimulatedRun | undefined>(
      (longest, run) => (longest === undefined || lengthOf(run) > lengthOf(longest) ? run : longest),
      undefined,
    )
  );
}
