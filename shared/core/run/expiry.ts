/** Runs that are of no use any more unless they have started in time. */
import type { Manifest } from "../manifest.ts";
import type { Run } from "../run.ts";
import { durationText, plus, type Instant } from "../time.ts";
import type { Draft } from "./draft.ts";
import { cancelRun } from "./ending.ts";

type Waiting = Pick<Run, "state" | "queuedAt" | "epoch">;
type Limit = Pick<Manifest, "startWithinMs">;

/** Until when a run that waits may start. One that was opened again by hand waits as long as it takes. */
export const startsUntil = ({ state, queuedAt, epoch }: Waiting, { startWithinMs }: Limit): Instant | undefined =>
  state !== "queued" || epoch > 0 || startWithinMs === null ? undefined : plus(queuedAt, startWithinMs);

export const isExpired = (run: Waiting, limit: Limit, now: Instant): boolean =>
  (startsUntil(run, limit) ?? Infinity) <= now;

export function expire(draft: Draft): void {
  const { startWithinMs } = draft.plan.manifest;
  cancelRun(draft, "freshet", `it had not started within ${durationText(startWithinMs ?? 0)}, as its DAG wants it to`);
}
