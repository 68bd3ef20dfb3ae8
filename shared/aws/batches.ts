/** Many things in few calls. */

export interface BatchLimits {
  readonly count: number;
  readonly bytes: number;
}

/** The values in their order, in batches within the limits; one that is too large by itself gets a batch of its own. */
export function* batchesOf<T>(
  values: Iterable<T>,
  limits: BatchLimits,
  bytesOf: (value: T) => number,
): Generator<readonly T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const value of values) {
    const size = bytesOf(value);
    if (batch.length === limits.count || (batch.length > 0 && bytes + size > limits.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(value);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Does `work` for each value, at most `limit` at once. After a fault nothing new begins; rejects once what began has ended. */
export async function eachAtOnce<T>(
  limit: number,
  values: Iterable<T>,
  work: (value: T) => Promise<void>,
): Promise<void> {
  const queue = values[Symbol.iterator]();
  const faults: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && faults.length === 0; next = queue.next()) {
      await work(next.value).catch((fault: unknown) => faults.push(fault));
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (faults.length > 0) throw faults[0];
}

/** A wait somewhere below `ceilingMs`, doubled with each try: whoever was turned away together does not come back together. */
export const jittered = (baseMs: number, tries: number, ceilingMs: number): number =>
  Math.random() * Math.min(ceilingMs, baseMs * 2 ** tries);
