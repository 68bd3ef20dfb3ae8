/** As a queue has it: what could not be handled comes again a few times, then it is given up. */
import type { Dispatch } from "../../shared/core/attempt.ts";
import type { AttemptKey } from "../../shared/core/ids.ts";

/** A dispatch whose attempt could not be claimed or ended comes again so often ... */
const RECEIVES_MAX = 5;
/** ... after twice as long each time. */
const RECEIVE_AGAIN_AFTER_MS = 500;

interface Options {
  readonly isClosed: () => boolean;
  readonly receive: (dispatch: Dispatch) => void;
  readonly onError: (key: AttemptKey, error: unknown) => void;
  /** If it rejects, the dispatch comes once more. */
  readonly onDead: (dispatch: Dispatch) => Promise<void>;
}

/** Gives what is to be called with each failure. */
export function createRedelivery({ isClosed, receive, onError, onDead }: Options) {
  const failed = new WeakMap<Dispatch, number>();
  const comeAgain = (dispatch: Dispatch, error: unknown): void => {
    onError(dispatch.key, error);
    const failures = (failed.get(dispatch) ?? 0) + 1;
    failed.set(dispatch, failures);
    const come = (): void => {
      if (isClosed()) return;
      if (failures < RECEIVES_MAX) receive(dispatch);
      else onDead(dispatch).catch((again: unknown) => comeAgain(dispatch, again));
    };
    setTimeout(come, RECEIVE_AGAIN_AFTER_MS * 2 ** Math.min(failures, RECEIVES_MAX)).unref();
  };
  return comeAgain;
}
