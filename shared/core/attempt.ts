/** Attempts: what is stored of one try of a task instance, and how it can end. */
import type { AttemptKey, DagId, RunId, TaskId, VersionHash } from "./ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { RunType } from "./states.ts";
import { instant, type Instant } from "./time.ts";

/** Outputs up to this size ride in the completion and in the next dispatch. */
export const OUTPUT_CARRIED_BYTES_MAX = 4_096;
/** Outputs up to this size live in the attempt item: with the rest of the item about one write unit. */
export const OUTPUT_INLINE_BYTES_MAX = 700;
/** The largest output of a task; larger data belongs in storage, with its key as the output. */
export const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
/** The largest item of a list that a task is mapped over. */
export const MAP_ITEM_BYTES_MAX = 256 * 1024;
/** All results of a mapped task together, as one task after it takes them. */
export const MAP_RESULTS_BYTES_MAX = 64 * 1024 * 1024;
export const ERROR_MESSAGE_LENGTH_MAX = 1_000;
export const ERROR_STACK_LENGTH_MAX = 8_000;

/** A task's output: in place, or where it lies in the blob store. */
export type OutputRef =
  | { readonly kind: "none" }
  | { readonly kind: "inline"; readonly value: JsonValue }
  | { readonly kind: "blob"; readonly key: string; readonly bytes: number; readonly sha256: string }
  /** A list that tasks are mapped over: beside the blob lies the place of each of its items, so that one is read alone. */
  | {
      readonly kind: "list";
      readonly key: string;
      readonly bytes: number;
      readonly sha256: string;
      /** Its items that are not null. */
      readonly length: number;
    };

/** What the mapping of tasks over an output needs to know of it. */
export interface MappedFacts {
  /** Items that are not null; absent: it is no list. */
  readonly length?: number;
  /** Why tasks cannot be mapped over it, by their ids. */
  readonly faults?: { readonly [taskId: string]: string };
}

/**
 * Why an attempt failed: `transient` is tried again; `permanent` never; `quarantine` is bad data: nothing is published and
 * a person is asked; `timeout` ran too long (tried again); `lost` is the platform's fault (a budget of its own).
 */
export type ErrorClass = "transient" | "permanent" | "quarantine" | "timeout" | "lost";

export interface TaskError {
  readonly name: string;
  readonly message: string;
  readonly class: ErrorClass;
  readonly stack?: string;
  /** The verdict of the task's own `retryOn` function, where it has one. */
  readonly retry?: boolean;
}

/** How an attempt ended, as its executor saw it. */
export type Outcome =
  | {
      readonly kind: "success";
      readonly output: OutputRef;
      readonly chosen?: readonly string[];
      readonly proceed?: boolean;
      /** Only if tasks are mapped over it. */
      readonly mapped?: MappedFacts;
      /** Of a task that starts a run of another DAG: what it starts it with. Stays with the attempt, where the start reads it. */
      readonly child?: { readonly params: JsonObject };
    }
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: TaskError };

/** A lease that no claim has: an attempt is closed by it only if nobody has claimed it. */
export const UNCLAIMED = instant(0);

/** Why an attempt was ended from outside. */
export type CloseReason =
  | "lost"
  | "undelivered"
  /** The deployment has no executor of the class that it is for. */
  | "no_executor"
  | "timeout"
  | "queued_timeout"
  | "run_timeout"
  | "cancelled"
  | "budget"
  | "cleared"
  | "marked";

/**
 * What the attempt store holds under one key. `running` may turn into `finished` (by its owner) or `closed` (by the
 * scheduler), never both; `revoked` was closed before anybody claimed it. The last three never change.
 */
export type AttemptItem =
  | {
      readonly status: "running";
      readonly owner: string;
      readonly startedAt: Instant;
      readonly leaseUntil: Instant;
    }
  | {
      readonly status: "finished";
      readonly owner: string;
      readonly startedAt: Instant;
      readonly endedAt: Instant;
      readonly outcome: Outcome;
    }
  | {
      readonly status: "closed";
      readonly owner: string;
      readonly startedAt: Instant;
      readonly endedAt: Instant;
      readonly reason: CloseReason;
    }
  | { readonly status: "revoked"; readonly endedAt: Instant; readonly reason: CloseReason };

export interface StoredAttempt {
  readonly key: AttemptKey;
  readonly item: AttemptItem;
}

/** An object that arrived, as a run gets it. */
export interface ArrivedObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  /** The object's version id, or the event's sequencer, or its modification stamp: tells one arrival from the next. */
  readonly version: string;
  /** ISO 8601. */
  readonly arrivedAt: string;
}

/** What is the same for every task of a run, sent along with each dispatch: executors do not read the engine's table. */
export interface RunContext {
  readonly runId: RunId;
  readonly dagId: DagId;
  readonly version: VersionHash;
  /** SHA-256 of the code bundle, under which executors find it. */
  readonly bundle: string;
  readonly runType: RunType;
  readonly epoch: number;
  /** The DAG's time zone. */
  readonly timezone: string;
  /** ISO 8601; null for a run that no schedule made. */
  readonly logicalDate: string | null;
  readonly dataInterval: { readonly start: string; readonly end: string } | null;
  readonly params: JsonObject;
  /** The objects that started the run, or the key of the blob that lists them. */
  readonly files: readonly ArrivedObject[] | { readonly blob: string };
}

/** An upstream task whose output a task takes. */
export interface UpstreamOutput {
  readonly taskId: TaskId;
  /** The attempt that succeeded; 0: it gave none. */
  readonly attempt: number;
  /** Of a mapped task, instead of an attempt: where the results of its instances lie, in order. */
  readonly instances?: readonly InstanceAttempts[];
}

/** The attempts that ended some instances of a mapped task. */
export interface InstanceAttempts {
  readonly runId: RunId;
  /** The map index of the first. */
  readonly first: number;
  readonly length: number;
  /** Pairs of a count and the attempt that so many instances in a row succeeded by; 0: they gave nothing. */
  readonly attempts: readonly number[];
}

/** The item of an instance: at hand, or in the output of the task that gave the list. */
export interface MapItem {
  readonly over: TaskId;
  readonly attempt: number;
  /** How many there are. */
  readonly length: number;
  readonly value?: JsonValue;
  readonly list?: OutputRef;
}

/** What an executor needs to run one attempt. */
export interface Dispatch {
  readonly v: 1;
  readonly key: AttemptKey;
  readonly run: RunContext;
  /** Proof that the scheduler sent this; the completion returns it. */
  readonly token: string;
  /** Outputs of upstream tasks that were at hand; the others are read from the attempts named in `upstream`. */
  readonly carried: { readonly [taskId: string]: OutputRef };
  readonly upstream: readonly UpstreamOutput[];
  /** Tasks that are mapped over what this one gives. */
  readonly mappedBy?: readonly TaskId[];
  /** Of an instance of a mapped task: where its item lies. */
  readonly item?: MapItem;
  readonly timeoutMs: number;
  /** Of a task that starts a run of another DAG: the id that the child run will have. */
  readonly childId?: RunId;
  /** Of a hook: what it is told about. */
  readonly subject?: HookSubject;
  readonly sentAt: Instant;
}

/** What a hook is told. */
export interface HookSubject {
  readonly hook: "onSuccess" | "onFailure" | "onRetry";
  /** null: the run itself. */
  readonly taskId: TaskId | null;
  readonly attempt: number;
  readonly owner: string | null;
  readonly runbook: string | null;
  /** Failed tasks: the task itself, or all of the run's. */
  readonly failed: readonly { readonly taskId: TaskId; readonly cause: string }[];
}

/** An executor's word that an attempt ended; the attempt item says the same and outranks it. */
export interface Completion {
  readonly v: 1;
  readonly key: AttemptKey;
  readonly epoch: number;
  readonly token: string;
  readonly outcome: Outcome;
}
