/** Why a task still waits for slots, in one sentence. */
import type { PoolId } from "../ids.ts";
import type { TaskPool } from "../manifest.ts";
import type { Run } from "../run.ts";
import { iso } from "../time.ts";
import { byRank } from "./decide.ts";
import { slotsUsed, type Pool } from "./record.ts";

/** Runs named as holding slots, or as coming before. */
const NAMED_MAX = 3;

/** `need`: what the task takes next. `pool`: as it is now; undefined: nobody has looked. */
export function explainWait(run: Run, need: TaskPool, pool: Pool | undefined): string {
  const what = `waits for ${plural(need.slots, "slot")} of ${poolName(need.pool)}`;
  if (pool === undefined) return what;
  const { slots, resized, entries } = pool;
  const set = resized === null ? "" : ` since ${resized.by} set it so at ${iso(resized.at)}`;
  if (need.slots > slots) {
    const has = slots === 0 ? "which is drained: it has none" : `which has only ${slots}`;
    return `${what}, ${has}${set}; \`freshet pools set ${need.pool} ${need.slots}\` lets it start`;
  }
  const use = `${slotsUsed(pool)} of ${slots} in use`;
  const mine = entries.find(({ runId, epoch }) => runId === run.runId && epoch === run.epoch);
  if (mine === undefined || mine.next === null) return `${what} (${use}); its run is about to ask for it`;
  const before = entries.filter((entry) => entry !== mine && entry.next !== null && byRank(entry, mine) < 0);
  const ahead = before
    .toSorted(byRank)
    .map(
      ({ runId, priority, past }) => `${runId} (${mine.past !== past ? "not a backfill's" : `priority ${priority}`})`,
    );
  if (ahead.length > 0) return `${what} (${use}), behind ${listed(ahead)}`;
  const held = entries.flatMap(({ runId, granted, released }) =>
    granted > released ? [`${runId} (${granted - released})`] : [],
  );
  return `${what} (${use}), held by ${listed(held)}; it is the next`;
}

/** The pool of a limit has no name that anybody gave it. */
function poolName(pool: PoolId): string {
  const [kind, of = ""] = pool.split(":", 2);
  if (kind === "task" && of !== "") return `its limit maxActive, '${pool}'`;
  if (kind === "dag" && of !== "") return `the limit maxActiveTasks of its DAG, '${pool}'`;
  return `the pool '${pool}'`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const listed = (names: readonly string[]): string => {
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
  return names.length === 0 ? "nobody" : `${names.slice(0, NAMED_MAX).join(", ")}${more}`;
};
