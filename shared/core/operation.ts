/** What operators may do to runs and DAGs, and what is kept of it. */
import type { BackfillId, DagId, RunId, TaskId } from "./ids.ts";
import type { Instant } from "./time.ts";

/** Who does it, and why. */
export interface Signature {
  readonly by: string;
  /** Empty: none was given. */
  readonly reason: string;
}

/** A task, or one instance of a mapped one. */
export interface TaskRef {
  readonly taskId: string;
  /** null: the task with all of its instances. */
  readonly mapIndex: number | null;
}

/** Tasks of one run. What it comes to is resolved against the record that is changed. */
export interface TaskSelection {
  /** Empty: every task. */
  readonly tasks: readonly TaskRef[];
  /** With what these depend on, at any distance. */
  readonly upstream: boolean;
  /** With what depends on these, at any distance. */
  readonly downstream: boolean;
  /** Of all of these, only what failed, what could not run because of that, and what the run's end kept from running. */
  readonly onlyFailed: boolean;
}

export type MarkedState = "success" | "failed";

export type RunAction =
  /** Run these again, with a full set of retries. A run that has ended is queued again. */
  | { readonly type: "clear"; readonly selection: TaskSelection }
  /** Take these for done, or for failed. */
  | { readonly type: "mark"; readonly selection: TaskSelection; readonly to: MarkedState }
  /** Do not wait any longer for the next try. */
  | { readonly type: "retry_now"; readonly selection: TaskSelection }
  /** Send nothing of these, or of the whole run (no task), until it is resumed. */
  | { readonly type: "pause"; readonly tasks: readonly TaskRef[] }
  /** No task: the run, and every task of it that is paused. */
  | { readonly type: "resume"; readonly tasks: readonly TaskRef[] }
  | { readonly type: "cancel" };

export type DagAction = { readonly type: "pause" } | { readonly type: "resume" };

/** The record that an operator changed. */
export type AuditSubject =
  | { readonly kind: "run"; readonly id: RunId }
  | { readonly kind: "dag"; readonly id: DagId }
  | { readonly kind: "pool"; readonly id: string }
  | { readonly kind: "backfill"; readonly id: BackfillId };

/** What a record was like where an operator changed it; states of tasks under their names, `extract[3]` for an instance. */
export interface AuditState {
  readonly state?: string;
  readonly version?: string;
  readonly paused?: boolean;
  readonly pausedTasks?: readonly TaskId[];
  readonly slots?: number;
  readonly tasks?: Readonly<Record<string, string>>;
  /** Tasks that changed beyond those named. */
  readonly more?: number;
}

/** One act of an operator, stored together with the change itself. */
export interface AuditEntry {
  readonly subject: AuditSubject;
  readonly at: Instant;
  readonly by: string;
  readonly reason: string;
  /** As it was asked for: `clear extract --downstream`. */
  readonly action: string;
  readonly before: AuditState;
  readonly after: AuditState;
}

/** An entry as it is stored: under the version that the record got by it. */
export interface StoredAudit extends AuditEntry {
  readonly version: number;
}
