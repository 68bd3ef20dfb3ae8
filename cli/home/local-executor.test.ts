import { describe, expect, test, vi } from "vitest";
import { noCrash } from "../../shared/app/crash-points.ts";
import type { AttemptItem } from "../../shared/core/attempt.ts";
import { attemptKeyText, commitId, type AttemptKey } from "../../shared/core/ids.ts";
import type { Instant } from "../../shared/core/time.ts";
import type { RunnerResult } from "../../shared/core/task-host.ts";
import { createClock, createIds } from "../../shared/embedded/clock.ts";
import type { AttemptStore } from "../../shared/ports/attempt-store.ts";
import { NOON, aDispatch, anAttemptKey } from "../../test/builders/index.ts";
import { createLocalExecutor } from "./local-executor.ts";

const FIRST = anAttemptKey();
const SECOND = anAttemptKey({ attempt: 2 });
const CLOSED: AttemptItem = { status: "closed", owner: "o", startedAt: NOON, endedAt: NOON, reason: "lost" };

const COMMIT = commitId("c");

/**
 * An executor whose runner runs until the test ends an attempt; the code may take its time to stop. `committed`: whether the
 * commit that it is told of takes place.
 */
function anExecutor({ committed = true, waits = false, heartbeatMs = 60_000, broken = false } = {}) {
  const dead: string[] = [];
  let claims = 0;
  const along: string[] = [];
  const beats: (Instant | undefined)[] = [];
  const claimed = new Set<string>();
  const begun: string[] = [];
  const told: string[] = [];
  const ends = new Map<string, () => void>();
  const attempts = {
    claim: async (key: AttemptKey) => {
      const name = attemptKeyText(key);
      claims += 1;
      if (broken) throw new Error("the store does not answer");
      if (claimed.has(name)) return CLOSED;
      claimed.add(name);
      return "claimed" as const;
    },
    heartbeat: async (_key: AttemptKey, _owner: string, _leaseUntil: Instant, startedAt?: Instant) => {
      beats.push(startedAt);
      return "renewed" as const;
    },
    finish: async () => "finished" as const,
    close: async () => CLOSED,
  } as unknown as AttemptStore;
  const runner = {
    wanted: () => 4,
    waits: () => waits,
    run: async ({ dispatch }: { readonly dispatch: { readonly key: AttemptKey } }, signal: AbortSignal) => {
      const name = attemptKeyText(dispatch.key);
      begun.push(name);
      signal.addEventListener("abort", () => void told.push(name));
      await new Promise<void>((end) => ends.set(name, end));
      return { kind: "success" } satisfies RunnerResult;
    },
  };
  const executor = createLocalExecutor({
    executing: {
      attempts,
      blobs: { put: async () => undefined, get: async () => undefined, range: async () => undefined },
      events: { send: async () => ({ refused: [] }) },
      clock: createClock(),
      ids: createIds(),
      leaseMs: 60_000,
      heartbeatMs,
      crashPoint: noCrash,
    },
    runner,
    claimAlong: async (key) => {
      along.push(attemptKeyText(key));
      if (committed) claimed.add(attemptKeyText(key));
      return committed;
    },
    onEnd: () => undefined,
    onError: (_key, error) => {
      if (!broken) throw error;
    },
    onDead: async ({ key }) => void dead.push(attemptKeyText(key)),
  });
  const settled = async (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 10));
  return {
    begun,
    dead,
    claims: () => claims,
    told,
    along,
    beats,
    claimAlong: async (...keys: AttemptKey[]) => {
      executor.claimAlong(keys, COMMIT);
      await settled();
    },
    send: async (...keys: AttemptKey[]) => {
      await executor.queue.send(keys.map((key) => aDispatch({ key })));
      await settled();
    },
    close: async (key: AttemptKey) => {
      await executor.closing.close(key, { reason: "lost", at: NOON });
      await settled();
    },
    end: async (key: AttemptKey) => {
      ends.get(attemptKeyText(key))?.();
      await settled();
    },
  };
}

describe("the executor of one machine", () => {
  test("begins an attempt only once the code of the older one, which was told to stop, has ended", async () => {
    const executor = anExecutor();
    await executor.send(FIRST);
    await executor.close(FIRST);

    await executor.send(SECOND);
    expect(executor.begun).toEqual([attemptKeyText(FIRST)]);

    await executor.end(FIRST);
    expect(executor.begun).toEqual([attemptKeyText(FIRST), attemptKeyText(SECOND)]);
  });

  test("does not hold up other task instances meanwhile", async () => {
    const executor = anExecutor();
    const other = anAttemptKey({ taskId: anAttemptKey().taskId, mapIndex: 1, attempt: 2 });
    await executor.send(FIRST);

    await executor.send(SECOND, other);

    expect(executor.begun).toEqual([attemptKeyText(FIRST), attemptKeyText(other)]);
  });

  test("tells the code of an attempt that it was closed, although its dispatch came twice", async () => {
    const executor = anExecutor();
    await executor.send(FIRST, FIRST);

    await executor.close(FIRST);

    expect(executor.told).toEqual([attemptKeyText(FIRST)]);
  });

  test("begins what it claimed along with a commit once that is sent, and not before", async () => {
    const executor = anExecutor();

    await executor.claimAlong(FIRST);
    expect([executor.along, executor.begun]).toEqual([[attemptKeyText(FIRST)], []]);

    await executor.send(FIRST);
    expect(executor.begun).toEqual([attemptKeyText(FIRST)]);
  });

  test("claims as any other what a commit that did not take place had dispatched", async () => {
    const executor = anExecutor({ committed: false });
    await executor.claimAlong(FIRST);

    await executor.send(FIRST);

    expect(executor.begun).toEqual([attemptKeyText(FIRST)]);
  });

  test("says with each heartbeat that what waits for its turn has not started before", async () => {
    const sent = Date.now();
    const executor = anExecutor({ waits: true, heartbeatMs: 1 });

    await executor.send(FIRST);

    expect(executor.beats.length).toBeGreaterThan(0);
    expect(executor.beats.every((startedAt) => startedAt !== undefined && startedAt >= sent)).toBe(true);
    await executor.end(FIRST);
  });

  test("leaves the start of what has begun as it is", async () => {
    const executor = anExecutor({ heartbeatMs: 1 });

    await executor.send(FIRST);

    expect(new Set(executor.beats)).toEqual(new Set([undefined]));
    await executor.end(FIRST);
  });

  test("claims no more along with a commit than it has room for", async () => {
    const executor = anExecutor();
    const keys = [1, 2, 3, 4, 5].map((mapIndex) => anAttemptKey({ mapIndex }));

    await executor.claimAlong(...keys);

    expect(executor.along).toEqual(keys.slice(0, 4).map(attemptKeyText));
  });

  test("does not claim a newer attempt along with a commit: the code of the older one may still be at work", async () => {
    const executor = anExecutor();

    await executor.claimAlong(SECOND);

    expect(executor.along).toEqual([]);
  });
});

test("a dispatch whose attempt cannot be claimed comes again a few times, and then is given up", async () => {
  vi.useFakeTimers();
  try {
    const executor = anExecutor({ broken: true });
    void executor.send(FIRST);

    await vi.advanceTimersByTimeAsync(60_000);

    expect([executor.claims(), executor.dead]).toEqual([5, [attemptKeyText(FIRST)]]);
  } finally {
    vi.useRealTimers();
  }
});
