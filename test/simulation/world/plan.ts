/** What is going to happen in a world, apart from what goes wrong: its DAGs, and what people and the outside do. */
import type { PoolId } from "../../../shared/core/ids.ts";
import type { Manifest, PoolSpec } from "../../../shared/core/manifest.ts";
import type { Instant } from "../../../shared/core/time.ts";
import type { Bent } from "./bent.ts";

export type Action =
  | { readonly type: "deploy"; readonly manifest: Manifest }
  /** Its definition is gone from the source. */
  | { readonly type: "remove"; readonly dagId: string }
  /** All that is open is woken, as by a scheduler that starts after a crash. */
  | { readonly type: "wake_all" }
  /** `key`: the same request is made twice, and must give one run. */
  | { readonly type: "start"; readonly dagId: string; readonly key: string | undefined }
  /** `pick` in [0, 1) says which of the runs that are there. */
  | { readonly type: "resize"; readonly pool: PoolId; readonly slots: number }
  | { readonly type: "cancel"; readonly pick: number }
  /** Of the last days; `pick` says how. */
  | { readonly type: "backfill"; readonly dagId: string; readonly days: number; readonly pick: number }
  | { readonly type: "resume_backfills" }
  /** Pauses, resumes or cancels one of those that are at work. */
  | { readonly type: "change_backfill"; readonly pick: number }
  /** By hand; `pick` and `task` in [0, 1) say which run and task. */
  | {
      readonly type: "hand";
      readonly what: HandAction;
      readonly dagId: string;
      readonly pick: number;
      readonly task: number;
    }
  /** Nothing stays paused. */
  | { readonly type: "resume_all" }
  /** What waits for a run before it that will not let it go on is cancelled; what paused itself is resumed. */
  | { readonly type: "release" }
  | { readonly type: "drop"; readonly bucket: string; readonly key: string; readonly version: string };

export type HandAction =
  | "clear"
  | "clear_below"
  | "clear_failed"
  | "clear_all"
  /** ... and goes on with the newest version; first of the runs that have another one. */
  | "move"
  | "move_failed"
  | "move_below"
  | "move_all"
  | "mark_success"
  | "mark_failed"
  | "retry"
  | "pause"
  | "pause_task"
  | "resume"
  | "pause_dag"
  | "resume_dag";

export interface PlannedAction {
  readonly at: number;
  readonly action: Action;
}

/** For so long nothing of the scheduler runs: it takes no message, and no tick comes. People and executors go on. */
export interface Outage {
  readonly from: number;
  readonly until: number;
}

export interface WorldPlan {
  readonly bent: Bent;
  readonly startAt: Instant;
  /** How long things go wrong. */
  readonly safetyMs: number;
  readonly dags: readonly Manifest[];
  readonly pools: readonly PoolSpec[];
  readonly outage: Outage | undefined;
  /** By time. */
  readonly actions: readonly PlannedAction[];
}

/** Objects of all worlds lie here. */
export const BUCKET = "lake";
