import type { Evidence } from "./evidence.ts";

/** What was killed, and what had been done in the end: a storm over idle pipelines would show nothing. */
export function summaryOf({ storm, runs, journal }: Evidence): string {
  const { blows, lives, unrest } = storm;
  const starts = journal.filter(({ at }) => at === "start");
  const again = starts.filter(({ attempt }) => attempt > 1).length;
  const items = runs.flatMap(({ tasks }) => tasks.flatMap((task) => task.items));
  const lost = items.filter((item) => item !== undefined && JSON.stringify(item).includes('"lost"')).length;
  return [
    `kills: ${countsOf(blows.map(({ target }) => target))}; ${blows.filter(({ ready }) => !ready).length} while starting`,
    `lives of freshet dev: ${lives.length}`,
    `runs: ${runs.length} (${countsOf(runs.map(({ run }) => run.state))}; ${countsOf(runs.map(({ run }) => run.runType))})`,
    `attempts: ${items.length}, code begun ${starts.length} times, ${again} of them again; ${lost} attempts lost`,
    `files dropped: ${unrest.dropped.length}; runs asked for: ${unrest.triggered.length}; cancelled: ${unrest.cancelled.length}`,
  ].join("\n");
}

const countsOf = (names: readonly string[]): string =>
  [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${all.length} ${name}`).join(", ");
