/** Events on their way to a record, as deliveries answer with them. */
import type { DagEvent } from "../core/dag-record.ts";
import type { RunEvent } from "../core/events.ts";
import type { DagId, RunId } from "../core/ids.ts";

export interface Replies {
  /** To be applied once this one has been. */
  readonly onApplied?: Addressed;
  /** To be applied instead, if there is no such record. */
  readonly ifMissing?: Addressed;
  /** Of an effect: who tells it, and how often so far. Told again soon if the receiver keeps changing under us. */
  readonly sender?: { readonly runId: RunId; readonly sends: number };
}

export type Addressed =
  | ({ readonly kind: "run"; readonly id: RunId; readonly event: RunEvent } & Replies)
  | ({ readonly kind: "dag"; readonly id: DagId; readonly event: DagEvent } & Replies);

export const toRun = (id: RunId, event: RunEvent, replies: Replies = {}): Addressed => ({
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
