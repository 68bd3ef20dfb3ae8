/** How runs are named: their DAG, what made them, and when. The parts sort by time and are safe as names of folders. */
import { attemptKeyText, type AttemptKey, type BackfillId, type DagId, type RunId, type TriggerId } from "./ids.ts";
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

/** `suffix` keeps apart backfills that are asked for in the same millisecond. */
export const backfillIdOf = (dagId: DagId, at: Instant, suffix: string): BackfillId =>
  `${dagId}.backfill.${stamp(at)}-${suffix}` as BackfillId;

/** One run for each idempotency key of a client; `digest` is a hash of the key. */
export const idempotentRunId = (dagId: DagId, digest: string): RunId => `${dagId}.manual.key-${digest}` as RunId;

/**
 * One child run for each attempt that starts one. `at` is a time of the parent's that never changes. The digest only has to
 * keep apart what was started for the same time: whose child a run is, its record says.
 */
export const childRunId = (dagId: DagId, at: Instant, parent: AttemptKey): RunId =>
  `${dagId}.child.${stamp(at)}-${digest53(attemptKeyText(parent))}` as RunId;

/** A chunk of a wide map: of an expansion of its parent run, by its position. */
export const chunkRunId = (parent: RunId, expansion: number, index: number): RunId =>
  `${parent}.map-${expansion}-${index}` as RunId;

/** cyrb53: 53 bits as 14 hex digits. */
function digest53(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (4_294_967_296 * (0x1fffff & low) + (high >>> 0)).toString(16).padStart(14, "0");
}
