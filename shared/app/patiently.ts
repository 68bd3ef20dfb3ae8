/** For callers that no queue stands behind, who would have to be asked to try again themselves. */
import { FreshetError } from "../core/errors.ts";
import { CONTENTION_DELAY_MS_MAX, CONTENTION_RETRIES_MAX, type Engine } from "./engine.ts";

/** Does again what was contended, after random waits and a bounded number of times. Throws what `act` throws in the end. */
export async function patiently<T>({ clock, ids }: Pick<Engine, "clock" | "ids">, act: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await act();
    } catch (error) {
      const contended = error instanceof FreshetError && error.code === "CONTENTION";
      if (!contended || retries === CONTENTION_RETRIES_MAX) throw error;
      const delayMs = CONTENTION_DELAY_MS_MAX / 2 ** (CONTENTION_RETRIES_MAX - 1 - retries);
      await clock.sleep(Math.ceil(ids.random() * delayMs));
    }
  }
}
