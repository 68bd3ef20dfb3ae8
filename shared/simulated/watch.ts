/** What a simulation lets its checkers see: every change of what is stored, and every signal, at the instant it happens. */
import type { AttemptItem, Dispatch } from "../core/attempt.ts";
import type { Backfill } from "../core/backfill/record.ts";
import type { DagRecord } from "../core/dag/record.ts";
import type { Fact } from "../core/events.ts";
import type { AttemptKey } from "../core/ids.ts";
import type { Manifest } from "../core/manifest.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { Pool } from "../core/pool/record.ts";
import type { Run } from "../core/run.ts";
import type { RunnerInput } from "../core/task-host.ts";
import type { RunMessage } from "../contract/messages.ts";
import type { Fault } from "../ports/fault-log.ts";

interface Change {
  /** The process that did it. */
  readonly by: string;
  /** True time, in milliseconds since 1970. */
  readonly at: number;
}

export interface RunChange extends Change {
  readonly before: Run | undefined;
  readonly after: Run;
  readonly version: number;
  readonly manifest: Manifest;
  /** Stored with it: an operator did this. */
  readonly audit: AuditEntry | undefined;
}

export interface DagChange extends Change {
  readonly before: DagRecord | undefined;
  readonly after: DagRecord;
  readonly version: number;
  /** Of the version that the record names after the change. */
  readonly manifest: Manifest;
  /** The committing process's own time. */
  readonly now: number;
  readonly audit: AuditEntry | undefined;
}

export interface PoolChange extends Change {
  readonly before: Pool | undefined;
  readonly after: Pool;
  readonly version: number;
  /** The committing process's own time. */
  readonly now: number;
}

export interface BackfillChange extends Change {
  readonly before: Backfill | undefined;
  readonly after: Backfill;
  readonly version: number;
  /** Of the version whose schedule names the dates. */
  readonly manifest: Manifest;
  /** The committing process's own time. */
  readonly now: number;
}

export interface AttemptChange extends Change {
  readonly key: AttemptKey;
  readonly before: AttemptItem | undefined;
  readonly after: AttemptItem;
}

/** The user's code of an attempt begins. */
export interface CodeStart extends Change {
  readonly dispatch: Dispatch;
  /** What it was given: outputs of the tasks above, and its item, if it is an instance of a mapped task. */
  readonly outputs?: RunnerInput["outputs"];
  readonly item?: RunnerInput["item"];
}

export interface Sent extends Change {
  readonly message: RunMessage | Dispatch;
}

export interface Published extends Change {
  readonly fact: Fact;
}

export interface Watch {
  runChanged(change: RunChange): void;
  dagChanged(change: DagChange): void;
  poolChanged(change: PoolChange): void;
  backfillChanged(change: BackfillChange): void;
  attemptChanged(change: AttemptChange): void;
  codeStarted(start: CodeStart): void;
  sent(sent: Sent): void;
  published(published: Published): void;
  /** A record or message that could not be decided. */
  faulted(fault: Fault): void;
  /** A process called something after its work had returned. */
  leftFloating(process: string): void;
}

/** Looks at nothing: for those who look at some of it. */
export const UNWATCHED: Watch = {
  runChanged: () => undefined,
  dagChanged: () => undefined,
  poolChanged: () => undefined,
  backfillChanged: () => undefined,
  attemptChanged: () => undefined,
  codeStarted: () => undefined,
  sent: () => undefined,
  published: () => undefined,
  faulted: () => undefined,
  leftFloating: () => undefined,
};
