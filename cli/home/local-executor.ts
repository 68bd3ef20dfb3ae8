/** Takes dispatches and runs them on this machine's workers, as many at once as the workers want. */
import { runAttempt, type Claim, type Executing } from "../../shared/app/attempt/run-attempt.ts";
import type { Dispatch } from "../../shared/core/attempt.ts";
import { attemptKeyText, type AttemptKey, type CommitId } from "../../shared/core/ids.ts";
import type { RunnerResult } from "../../shared/core/task-host.ts";
import { ATTEMPT_READ_MAX, type AttemptStore } from "../../shared/ports/attempt-store.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { TaskRunner } from "../../shared/ports/task-runner.ts";
import { createRedelivery } from "./redelivery.ts";
import { createEarlyClaims, type ClaimAlong } from "./early-claims.ts";

export interface LocalExecutor {
  readonly queue: Queue<Dispatch>;
  /** The attempt store as the scheduler sees it: what it closes is told to the code at once. */
  readonly closing: AttemptStore;
  /** What the engine tells it while a commit is being written: claims as many as it would take in now. */
  claimAlong(keys: readonly AttemptKey[], commit: CommitId): void;
  /** Ends what another process has closed meanwhile. */
  checkClosed(): Promise<void>;
  /** Takes nothing more; resolves when nothing is in hand. */
  close(): Promise<void>;
}

interface Options {
  readonly executing: Omit<Executing, "runner">;
  readonly runner: TaskRunner & { wanted(): number };
  readonly claimAlong: ClaimAlong;
  /** The code of an attempt has ended. Must not throw. */
  readonly onEnd: (key: AttemptKey, result: RunnerResult) => void;
  /** An attempt could not be claimed or ended: the sweep looks after it; people may want to know. */
  readonly onError: (key: AttemptKey, error: unknown) => void;
  /** A dispatch that came again too often; if it rejects, it comes once more. */
  readonly onDead: (dispatch: Dispatch) => Promise<void>;
}

interface AtWork {
  readonly key: AttemptKey;
  readonly control: AbortController;
}

export function createLocalExecutor({ executing, runner, claimAlong, onEnd, onError, onDead }: Options): LocalExecutor {
  const waiting: Dispatch[] = [];
  const atWork = new Map<string, AtWork>();
  const ending = new Map<Promise<void>, AttemptKey>();
  const early = createEarlyClaims({ ...executing, claimAlong });
  const state = { inHand: 0, closed: false };

  const drain = (): void => {
    while (!state.closed && waiting.length > 0 && state.inHand < runner.wanted()) {
      const dispatch = waiting.shift();
      if (dispatch !== undefined) start(dispatch);
    }
  };
  const start = (dispatch: Dispatch, claim?: Promise<Claim | undefined>): void => {
    state.inHand += 1;
    const control = new AbortController();
    const name = attemptKeyText(dispatch.key);
    const free = once(() => {
      state.inHand -= 1;
      drain();
    });
    // The worker is free once the code has ended: the next claim can share a commit with this finish.
    const counted = counting(runner, (result) => (free(), onEnd(dispatch.key, result)));
    // A dispatch may come twice; the first one claims, and is the one to be told of a close.
    if (!atWork.has(name)) atWork.set(name, { key: dispatch.key, control });
    const end = olderEnded(ending, dispatch.key)
      .then(() => runAttempt({ ...executing, runner: counted }, dispatch, control, claim))
      .catch((error: unknown) => comeAgain(dispatch, error))
      .then(() => {
        if (atWork.get(name)?.control === control) atWork.delete(name);
        ending.delete(end);
        free();
      });
    ending.set(end, dispatch.key);
  };

  const receive = (dispatch: Dispatch): void => {
    waiting.push(dispatch);
    drain();
  };
  const comeAgain = createRedelivery({ isClosed: () => state.closed, receive, onError, onDead });

  return {
    queue: {
      async send(dispatches) {
        for (const dispatch of dispatches) {
          const claim = early.take(dispatch.key);
          if (claim === undefined) waiting.push(dispatch);
          else start(dispatch, claim);
        }
        drain();
        return { refused: [] };
      },
    },
    claimAlong(keys, commit) {
      const hasRoom = (): boolean => runner.wanted() > state.inHand + early.count() + waiting.length;
      // Of an older attempt the code may still be about to stop: that one is claimed once it has.
      for (const key of keys) if (!state.closed && hasRoom() && key.attempt === 1) early.claim(key, commit);
    },
    closing: tellingCode(executing.attempts, atWork),
    checkClosed: async () => abortClosed(executing.attempts, [...atWork.values()]),
    async close() {
      state.closed = true;
      waiting.length = 0;
      await Promise.allSettled(ending.keys());
    },
  };
}

/** The attempt store, and whoever is at work on what it closes is told. */
const tellingCode = (attempts: AttemptStore, atWork: ReadonlyMap<string, AtWork>): AttemptStore => ({
  ...attempts,
  async close(key, close) {
    const item = await attempts.close(key, close);
    if (item.status === "closed") atWork.get(attemptKeyText(key))?.control.abort(close.reason);
    return item;
  },
});

async function abortClosed(attempts: AttemptStore, open: readonly AtWork[]): Promise<void> {
  for (let first = 0; first < open.length; first += ATTEMPT_READ_MAX) {
    const page = open.slice(first, first + ATTEMPT_READ_MAX);
    const items = await attempts.read(page.map(({ key }) => key));
    for (const [index, { control }] of page.entries()) {
      const item = items[index];
      if (item?.status === "closed") control.abort(item.reason);
    }
  }
}

/** An older attempt was closed before a newer one was sent, but its code may still be in the grace that it has to stop. */
async function olderEnded(ending: ReadonlyMap<Promise<void>, AttemptKey>, key: AttemptKey): Promise<void> {
  if (key.attempt === 1) return;
  for (const [end, older] of ending) {
    const sameInstance = older.runId === key.runId && older.taskId === key.taskId && older.mapIndex === key.mapIndex;
    if (sameInstance && older.attempt < key.attempt) await end;
  }
}

/** A runner that tells as soon as the code has ended. */
const counting = (runner: TaskRunner, onEnd: (result: RunnerResult) => void): TaskRunner => ({
  ...runner,
  async run(input, signal) {
    const result = await runner.run(input, signal); // Never rejects.
    onEnd(result);
    return result;
  },
});

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
