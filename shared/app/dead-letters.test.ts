import { describe, expect, test } from "vitest";
import type { AttemptItem } from "../core/attempt.ts";
import { dagId, runId, taskId } from "../core/ids.ts";
import { instant, plus } from "../core/time.ts";
import { parseRunMessage, type RunMessage } from "../contract/messages.ts";
import type { Fault } from "../ports/fault-log.ts";
import { decideDeadLetters, type Deciding } from "./dead-letters.ts";

const NOW = instant(Date.parse("2026-03-01T12:00:00Z"));
const KEY = { runId: runId("orders.manual.1"), taskId: taskId("load"), mapIndex: -1, attempt: 1 };
const RUNNING = { status: "running", owner: "a", startedAt: NOW, leaseUntil: plus(NOW, 1_000) } satisfies AttemptItem;

const DISPATCH = JSON.stringify({
  v: 1,
  key: KEY,
  run: {
    runId: KEY.runId,
    dagId: dagId("orders"),
    version: "0".repeat(64),
    bundle: "0".repeat(64),
    runType: "manual",
    epoch: 0,
    timezone: "UTC",
    logicalDate: null,
    dataInterval: null,
    params: {},
    files: [],
  },
  token: "good",
  carried: {},
  upstream: [],
  timeoutMs: 1_000,
  sentAt: NOW,
});

interface Outcome {
  readonly sent: readonly RunMessage[];
  readonly closed: readonly unknown[];
  readonly faults: readonly Fault[];
  readonly removed: number;
}

/** What becomes of one letter, with this item in the attempts. */
async function decided(body: string, item: AttemptItem | null = null): Promise<Outcome> {
  const sent: RunMessage[] = [];
  const closed: unknown[] = [];
  const faults: Fault[] = [];
  let removed = 0;
  const engine = {
    attempts: {
      read: async () => [item],
      close: async (_key: unknown, close: unknown) => void closed.push(close),
    },
    events: {
      send: async (messages: readonly RunMessage[]) => {
        sent.push(...messages);
        return { refused: [] };
      },
    },
    tokens: { sign: () => "good", verify: (_key: unknown, token: string) => token === "good" },
    faults: { record: (fault: Fault) => void faults.push(fault), isKnown: () => false, list: () => faults },
    clock: { now: () => NOW, sleep: async () => undefined },
  } as unknown as Deciding;
  let left = [{ id: "m1", body }];
  const letters = {
    receive: async () => left,
    remove: async (done: readonly unknown[]) => {
      removed += done.length;
      left = [];
    },
  };
  await decideDeadLetters(engine, letters, parseRunMessage, plus(NOW, 50_000));
  return { sent, closed, faults, removed };
}

const LOOK = { type: "wake_run", v: 1, runId: KEY.runId, attempt: KEY };

describe("a dead dispatch", () => {
  test("whose attempt nobody claimed is closed, unless somebody does so now, and its run looks", async () => {
    expect(await decided(DISPATCH)).toEqual({
      sent: [LOOK],
      closed: [{ reason: "undelivered", at: NOW, lease: 0 }],
      faults: [],
      removed: 1,
    });
  });

  test("whose attempt runs is left to it", async () => {
    expect(await decided(DISPATCH, RUNNING)).toMatchObject({ closed: [], sent: [LOOK] });
  });

  test("whose attempt's lease is over is closed on that lease", async () => {
    const leaseUntil = plus(NOW, -1);

    const { closed } = await decided(DISPATCH, { ...RUNNING, leaseUntil });

    expect(closed).toEqual([{ reason: "lost", at: NOW, lease: leaseUntil }]);
  });

  test("without the scheduler's proof closes nothing, and is a fault", async () => {
    const { closed, sent, faults } = await decided(DISPATCH.replace('"good"', '"forged"'));

    expect([closed, sent, faults.length]).toEqual([[], [], 1]);
  });
});

describe("a dead message", () => {
  const ARRIVAL = {
    type: "object_created",
    v: 1,
    object: { bucket: "lake", key: "a.csv", size: 1, etag: "e", version: "v", arrivedAt: "2026-03-01T00:00:00Z" },
  } as const;

  test("of an arrival is sent again, for nothing else knows of it", async () => {
    expect((await decided(JSON.stringify(ARRIVAL))).sent).toEqual([{ ...ARRIVAL, tries: 1 }]);
  });

  test("of an arrival that was sent too often becomes a fault", async () => {
    const { sent, faults } = await decided(JSON.stringify({ ...ARRIVAL, tries: 20 }));

    expect([sent, faults.length]).toEqual([[], 1]);
  });

  test("that nobody can read becomes a fault, and is gone", async () => {
    const { faults, removed } = await decided("{");

    expect([faults.map(({ code }) => code), removed]).toEqual([["INVALID_MESSAGE"], 1]);
  });
});
