/** One way to commit what was decided on a record: again from the start if somebody else wrote, a bounded number of times. */
import type { CommitResult } from "../ports/stored.ts";
import type { Addressed } from "./addressed.ts";
import { CONFLICT_DELAY_MS, CONFLICTS_MAX, contention, type Engine } from "./engine.ts";

/** A record as it now is, and what the delivery of its commands answered. */
export interface Step<Record> {
  readonly record: Record | undefined;
  readonly answers: readonly Addressed[];
}

/** Records are never deleted while they are decided on: one that is missing now is read again, and then is not there. */
export const committed = async (result: Promise<CommitResult>): Promise<boolean> => (await result) === "committed";

/** What `commit` gives. Throws CONTENTION if the record kept changing. */
export async function untilCommitted<T>(
  { clock, ids }: Pick<Engine, "clock" | "ids">,
  commit: () => Promise<T | "stale">,
  what: string,
): Promise<T> {
  for (let conflict = 0; conflict < CONFLICTS_MAX; conflict++) {
    if (conflict > 0) await clock.sleep(Math.ceil(ids.random() * CONFLICT_DELAY_MS * 2 ** (conflict - 1)));
    const result = await commit();
    if (result !== "stale") return result;
  }
  throw contention(what);
}
