/** How runs are named: their DAG, what made them, and when. The parts sort by time and are safe as names of folders. */
import type { DagId, RunId, TriggerId } from "./ids.ts";
import { iso, type Instant } from "./time.ts";

/** `20261120T040000Z`, with milliseconds where there are any. */
const stamp = (at: Instant): string => iso(at).replaceAll(/[-:]/g, "").replace(".", "-");

/** One run for each (DAG, logical date), whoever asks. */
export const scheduledRunId = (dagId: DagId, logicalDate: Instant): RunId =>
  `${dagId}.scheduled.${stamp(logicalDate)}` as RunId;

/** One run for each (trigger, window). */
export const arrivalRunId = (dagId: DagId, triggerId: TriggerId, window: number): RunId =>
  `${dagId}.${triggerId}.${String(window).padStart(6, "0")}` as RunId;

/** `suffix` keeps apart runs that are asked for in the same millisecond. */
export const manualRunId = (dagId: DagId, at: Instant, suffix: string): RunId =>
  `${dagId}.manual.${stamp(at)}-${suffix}` as RunId;

/** One run for each idempotency key of a client; `digest` is a hash of the key. */
export const idempotentRunId = (dagId: DagId, digest: string): RunId => `${dagId}.manual.key-${digest}` as RunId;
