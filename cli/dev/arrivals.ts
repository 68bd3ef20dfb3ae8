/** Hands objects that arrived to the engine, together where they come together. */
import { arrive, triggers } from "../../shared/app/arrive.ts";
import { patiently } from "../../shared/app/patiently.ts";
import type { Engine } from "../../shared/app/engine.ts";
import type { ArrivedObject } from "../../shared/core/attempt.ts";
import type { BucketInterest } from "../../shared/embedded/files/watch-bucket.ts";

export interface Arrivals {
  /** Resolves once the object is in the inbox of every trigger that wants it; rejects if it could not be put there. */
  take(object: ArrivedObject): Promise<void>;
}

export function createArrivals(engine: Engine): Arrivals {
  let waiting: ArrivedObject[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();
  const takeAll = async (): Promise<void> => {
    await last.catch(() => undefined); // Whoever waits for that batch is told.
    next = undefined;
    const batch = waiting;
    waiting = [];
    last = patiently(engine, () => arrive(engine, batch));
    return last;
  };
  return {
    async take(object) {
      waiting.push(object);
      next ??= takeAll();
      return next;
    },
  };
}

/** What the triggers of all DAGs wait for. */
export async function interestsOf(engine: Engine): Promise<readonly BucketInterest[]> {
  return (await triggers(engine)).map(({ trigger: { bucket, prefix, suffix } }) => ({ bucket, prefix, suffix }));
}
