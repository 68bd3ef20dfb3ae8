/** Events on their way to a record, as deliveries answer with them. */
import type { DagEvent } from "../core/dag/record.ts";
import type { RunEvent } from "../core/events.ts";
import type { BackfillEvent } from "../core/backfill/record.ts";
import type { BackfillId, DagId, PoolId, RunId } from "../core/ids.ts";
import type { Run } from "../core/run.ts";
import type { PoolEvent } from "../core/pool/record.ts";

export interface Replies {
  /** To be applied once this one has been. */
  readonly onApplied?: Addressed;
  /** To be applied instead, if there is no such record. */
  readonly ifMissing?: Addressed;
  /** Of an effect: who tells it, and how often so far. Told again soon if the receiver keeps changing under us. */
  readonly sender?: { readonly runId: RunId; readonly sends: number } | { readonly poolId: PoolId };
}

export type Addressed =
  | ({
      readonly kind: "run";
      readonly id: RunId;
      readonly event: RunEvent;
      /** What is to be applied next, as the run is now that it has heard. */
      readonly afterwards?: (run: Run) => Promise<Addressed | undefined>;
    } & Replies)
  | ({ readonly kind: "dag"; readonly id: DagId; readonly event: DagEvent } & Replies)
  | ({ readonly kind: "backfill"; readonly id: BackfillId; readonly event: BackfillEvent } & Replies)
  | ({
      readonly kind: "pool";
      readonly id: PoolId;
      readonly event: PoolEvent;
      /** Its size as the sender knows it: a pool that is not there is made with it. */
      readonly declared?: number;
    } & Replies);

export const toRun = (
  id: RunId,
  event: RunEvent,
  replies: Replies & Pick<Extract<Addressed, { kind: "run" }>, "afterwards"> = {},
): Addressed => ({
  kind: "run",
  id,
  event,
  ...replies,
});
export const toDag = (id: DagId, event: DagEvent, replies: Replies = {}): Addressed => ({
  kind: "dag",
  id,
  event,
  ...replies,
});
export const toBackfill = (id: BackfillId, event: BackfillEvent, replies: Replies = {}): Addressed => ({
  kind: "backfill",
  id,
  event,
  ...replies,
});
export const toPool = (
  id: PoolId,
  event: PoolEvent,
  replies: Replies & { readonly declared?: number } = {},
): Addressed => ({ kind: "pool", id, event, ...replies });
