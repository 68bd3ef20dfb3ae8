import type { BackfillId, DagId, PoolId, RunId } from "../core/ids.ts";
import type { Instant } from "../core/time.ts";

export type DueRecord =
  | { readonly kind: "run"; readonly id: RunId; readonly due: Instant }
  | { readonly kind: "dag"; readonly id: DagId; readonly due: Instant }
  | { readonly kind: "pool"; readonly id: PoolId; readonly due: Instant }
  | { readonly kind: "backfill"; readonly id: BackfillId; readonly due: Instant };

/**
 * Which records need a look by when. Written by the commits of runs, DAGs, pools and backfills, from `due` of the record. A hint: eventually
 * consistent, may name records that are no longer due; the record decides.
 */
export interface DueIndex {
  /** Records due at `until` or before, in no order that may be relied on; pages through all of them. */
  due(until: Instant): AsyncIterable<readonly DueRecord[]>;
}
