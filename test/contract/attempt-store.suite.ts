import { describe, expect, test } from "vitest";
import type { AttemptItem, Outcome } from "../../shared/core/attempt.ts";
import { type AttemptKey, runId, taskId } from "../../shared/core/ids.ts";
import { hookTaskId } from "../../shared/core/manifest.ts";
import { type Instant, plus } from "../../shared/core/time.ts";
import type { AttemptStore } from "../../shared/ports/attempt-store.ts";
import { NOON, SECOND_MS, aFailure, aSuccess, anAttemptKey } from "../builders/index.ts";
import { attemptStoreModel } from "./attempt-store-model.ts";
import { type AttemptStoreSubject, attemptStoreReads } from "./attempt-store-reads.ts";
import { atOnce, countOf, freshly } from "./subject.ts";

const RIVALS = 50;
const KEY = anAttemptKey();
const at = (seconds: number): Instant => plus(NOON, seconds * SECOND_MS);

const RUNNING: AttemptItem = { status: "running", owner: "ann", startedAt: at(0), leaseUntil: at(90) };
const FINISHED: AttemptItem = {
  status: "finished",
  owner: "ann",
  startedAt: at(0),
  endedAt: at(9),
  outcome: aSuccess(1),
};
const CLOSED: AttemptItem = { status: "closed", owner: "ann", startedAt: at(0), endedAt: at(8), reason: "cancelled" };
const REVOKED: AttemptItem = { status: "revoked", endedAt: at(8), reason: "queued_timeout" };

/** The contract of `AttemptStore`. */
export function attemptStoreContract(make: () => Promise<AttemptStoreSubject>): void {
  const subject = freshly(make);
  const store = (): AttemptStore => subject().store;

  const claim = (owner = "ann", key: AttemptKey = KEY): Promise<"claimed" | AttemptItem> =>
    store().claim(key, { owner, at: at(0), leaseUntil: at(90) });
  const finish = (owner = "ann", outcome: Outcome = aSuccess(1)): ReturnType<AttemptStore["finish"]> =>
    store().finish(KEY, owner, outcome, at(9));
  const close = (lease?: Instant): Promise<AttemptItem> =>
    store().close(KEY, { reason: "cancelled", at: at(8), ...(lease === undefined ? {} : { lease }) });
  const item = async (key: AttemptKey = KEY): Promise<AttemptItem | null | undefined> => (await store().read([key]))[0];

  /** Brings the item of KEY into a state, through the port alone. */
  const into = {
    absent: async (): Promise<void> => {},
    running: async (): Promise<void> => void (await claim()),
    finished: async (): Promise<void> => {
      await claim();
      await finish();
    },
    closed: async (): Promise<void> => {
      await claim();
      await close();
    },
    revoked: async (): Promise<void> => void (await store().close(KEY, { reason: "queued_timeout", at: at(8) })),
  };

  describe("AttemptStore: claim", () => {
    test("of an attempt that nobody claimed is granted, and the item runs", async () => {
      expect(await claim()).toBe("claimed");

      expect(await item()).toEqual(RUNNING);
    });

    test("again by the same owner, whose reply was lost, is granted, and the item is as it was", async () => {
      await claim();

      expect(await claim()).toBe("claimed");

      expect(await item()).toEqual(RUNNING);
    });

    test("by another owner is refused with the running item, which is as it was", async () => {
      await claim("ann");

      expect(await claim("bob")).toEqual(RUNNING);

      expect(await item()).toEqual(RUNNING);
    });

    test.each([
      ["finished", FINISHED],
      ["closed", CLOSED],
      ["revoked", REVOKED],
    ] as const)("of a %s attempt is refused with the item, to its own owner too", async (state, there) => {
      await into[state]();

      expect([await claim("ann"), await claim("bob")]).toEqual([there, there]);

      expect(await item()).toEqual(there);
    });

    test(`of ${RIVALS} owners at once, exactly one is granted, and the others see its item`, async () => {
      const answers = await atOnce(RIVALS, (n) => claim(`owner-${n}`));

      expect(countOf(answers, "claimed")).toBe(1);
      const there = { ...RUNNING, owner: `owner-${answers.indexOf("claimed")}` };
      expect(answers.filter((answer) => answer !== "claimed")).toEqual(Array.from({ length: RIVALS - 1 }, () => there));
      expect(await item()).toEqual(there);
    });

    test("of another attempt, instance, task or run is another claim", async () => {
      const keys = [
        KEY,
        anAttemptKey({ attempt: 2 }),
        anAttemptKey({ mapIndex: 0 }),
        anAttemptKey({ taskId: taskId("extract.more") }),
        anAttemptKey({ taskId: hookTaskId(taskId("extract"), "onRetry") }),
        anAttemptKey({ runId: runId("orders.run-10") }),
      ];

      const answers = await Promise.all(keys.map((key, n) => claim(`owner-${n}`, key)));

      expect(countOf(answers, "claimed")).toBe(keys.length);
    });
  });

  describe("AttemptStore: heartbeat", () => {
    test("of the owner renews the lease", async () => {
      await into.running();

      expect(await store().heartbeat(KEY, "ann", at(500))).toBe("renewed");

      expect(await item()).toEqual({ ...RUNNING, leaseUntil: at(500) });
    });

    test("of the owner can move the start of what still waits for its turn", async () => {
      await into.running();

      expect(await store().heartbeat(KEY, "ann", at(500), at(470))).toBe("renewed");

      expect(await item()).toEqual({ ...RUNNING, leaseUntil: at(500), startedAt: at(470) });
    });

    test("of another owner is refused with the item, which is as it was", async () => {
      await into.running();

      expect(await store().heartbeat(KEY, "bob", at(500))).toEqual(RUNNING);

      expect(await item()).toEqual(RUNNING);
    });

    test.each([
      ["finished", FINISHED],
      ["closed", CLOSED],
      ["revoked", REVOKED],
    ] as const)("of a %s attempt learns so from the item, which is as it was", async (state, there) => {
      await into[state]();

      expect(await store().heartbeat(KEY, "ann", at(500))).toEqual(there);

      expect(await item()).toEqual(there);
    });

    test("where there is no item is absent, and puts none", async () => {
      expect(await store().heartbeat(KEY, "ann", at(500))).toBe("absent");

      expect(await item()).toBeNull();
    });
  });

  describe("AttemptStore: finish", () => {
    test.each([
      ["success without output", aSuccess()],
      ["success with output", aSuccess({ rows: 3, text: "naïve 日本 😀\u0000", list: [null, true, 1.5], "": {} })],
      ["an output of null", aSuccess(null)],
      [
        "an output elsewhere",
        { kind: "success", output: { kind: "blob", key: "outputs/x", bytes: 9_000, sha256: "0".repeat(64) } },
      ],
      ["a branch", { kind: "success", output: { kind: "none" }, chosen: [], proceed: false }],
      ["a skip", { kind: "skipped", reason: "nothing to do" }],
      ["a failure", aFailure({ stack: "Error: at x", class: "quarantine", retry: false })],
    ] as const)("by the owner ends the attempt and keeps how: %s", async (_, outcome) => {
      await into.running();

      expect(await finish("ann", outcome)).toBe("finished");

      expect(await item()).toEqual({ ...FINISHED, outcome });
    });

    test("twice is finished both times, and the first outcome stays", async () => {
      await into.running();
      await finish("ann", aSuccess(1));

      expect(await finish("ann", aFailure())).toBe("finished");

      expect(await item()).toEqual(FINISHED);
    });

    test("by another owner is refused with the item, which is as it was", async () => {
      await into.running();

      expect(await finish("bob")).toEqual(RUNNING);

      expect(await item()).toEqual(RUNNING);
    });

    test.each([
      ["closed", CLOSED],
      ["revoked", REVOKED],
    ] as const)("of a %s attempt is refused with the item, which is as it was", async (state, there) => {
      await into[state]();

      expect(await finish("ann")).toEqual(there);

      expect(await item()).toEqual(there);
    });

    test("where another has finished is refused with its item", async () => {
      await into.finished();

      expect(await finish("bob", aFailure())).toEqual(FINISHED);

      expect(await item()).toEqual(FINISHED);
    });

    test("where there is no item is absent, and puts none", async () => {
      expect(await finish("ann")).toBe("absent");

      expect(await item()).toBeNull();
    });
  });

  describe("AttemptStore: close", () => {
    test.each([
      ["without a lease", undefined],
      ["with a lease", at(90)],
    ] as const)("of an attempt that nobody claimed revokes it, and a later claim sees that: %s", async (_, lease) => {
      const revoked = { status: "revoked", endedAt: at(8), reason: "cancelled" };

      expect(await close(lease)).toEqual(revoked);

      expect(await claim()).toEqual(revoked);
      expect(await item()).toEqual(revoked);
    });

    test("of a running attempt closes it, whoever owns it", async () => {
      await into.running();

      expect(await close()).toEqual(CLOSED);

      expect(await item()).toEqual(CLOSED);
    });

    test("with the lease that the item has closes it", async () => {
      await into.running();

      expect(await close(at(90))).toEqual(CLOSED);
    });

    test("with a lease that has been renewed leaves it running", async () => {
      await into.running();
      await store().heartbeat(KEY, "ann", at(120));

      expect(await close(at(90))).toEqual({ ...RUNNING, leaseUntil: at(120) });

      expect(await item()).toEqual({ ...RUNNING, leaseUntil: at(120) });
    });

    test.each([
      ["finished", FINISHED],
      ["closed", CLOSED],
      ["revoked", REVOKED],
    ] as const)("of a %s attempt changes nothing and returns it", async (state, there) => {
      await into[state]();

      const answers = [
        await store().close(KEY, { reason: "lost", at: at(30) }),
        await store().close(KEY, { reason: "lost", at: at(30), lease: at(90) }),
      ];

      expect(answers).toEqual([there, there]);
      expect(await item()).toEqual(there);
    });
  });

  describe("AttemptStore: rivals", () => {
    const keys = Array.from({ length: 20 }, (_, n) => anAttemptKey({ attempt: n + 1 }));

    test("of a finish and a close at once, exactly one wins, and both say which", async () => {
      for (const key of keys) await claim("ann", key);

      const rounds = await Promise.all(
        keys.map((key, n) => {
          const finishing = (): Promise<unknown> => store().finish(key, "ann", aSuccess(1), at(9));
          const closing = (): Promise<unknown> => store().close(key, { reason: "cancelled", at: at(8) });
          return n % 2 === 0
            ? Promise.all([finishing(), closing()])
            : Promise.all([closing(), finishing()]).then(([closed, finished]) => [finished, closed]);
        }),
      );

      const items = await store().read(keys);
      for (const [n, [finished, closed]] of rounds.entries()) {
        expect(closed).toEqual(items[n]);
        expect(finished).toEqual(items[n]?.status === "finished" ? "finished" : CLOSED);
        expect([FINISHED, CLOSED]).toContainEqual(items[n]);
      }
    });

    test("of a claim and a close at once, either nobody claimed, or what was claimed is closed", async () => {
      const rounds = await Promise.all(
        keys.map((key, n) => {
          const closing = (): Promise<AttemptItem> => store().close(key, { reason: "cancelled", at: at(8) });
          if (n % 2 === 0) return Promise.all([claim("ann", key), closing()]);
          return Promise.all([closing(), claim("ann", key)]).then(([closed, claimed]) => [claimed, closed] as const);
        }),
      );

      const items = await store().read(keys);
      for (const [n, [claimed, closed]] of rounds.entries()) {
        expect(closed).toEqual(items[n]);
        if (claimed === "claimed") expect(items[n]).toEqual(CLOSED);
        else expect(claimed).toEqual({ status: "revoked", endedAt: at(8), reason: "cancelled" });
      }
    });

    test("of a heartbeat and a close of the lease before it at once, exactly one wins", async () => {
      for (const key of keys) await claim("ann", key);

      const rounds = await Promise.all(
        keys.map((key) =>
          Promise.all([
            store().heartbeat(key, "ann", at(500)),
            store().close(key, { reason: "lost", at: at(100), lease: at(90) }),
          ]),
        ),
      );

      const items = await store().read(keys);
      for (const [n, [beat, closed]] of rounds.entries()) {
        expect(closed).toEqual(items[n]);
        expect(items[n]?.status).toBe(beat === "renewed" ? "running" : "closed");
      }
    });
  });

  attemptStoreReads(subject);
  attemptStoreModel(make);
}
