import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Arrival } from "../../shared/core/dag/record.ts";
import { type RunId, dagId, runId, triggerId } from "../../shared/core/ids.ts";
import { type Instant, plus } from "../../shared/core/time.ts";
import type { Inbox, InboxName } from "../../shared/ports/inbox.ts";
import { NOON, SECOND_MS, anArrival } from "../builders/index.ts";
import { type Subject, atOnce, countOf, freshly, withSubject } from "./subject.ts";

export interface InboxSubject extends Subject {
  readonly inbox: Inbox;
}

const NAME: InboxName = { dagId: dagId("orders"), triggerId: triggerId("files") };
const RUN = runId("orders.files-1");
const at = (seconds: number): Instant => plus(NOON, seconds * SECOND_MS);
const arrivalOf = (key: string, seconds = 0): Arrival => anArrival({ object: { key }, at: at(seconds) });
const keysOf = (arrivals: readonly Arrival[]): string[] => arrivals.map(({ object }) => object.key);

/** The contract of `Inbox`. Nothing here settles first: the port promises that what has returned is seen. */
export function inboxContract(make: () => Promise<InboxSubject>): void {
  const subject = freshly(make);
  const inbox = (): Inbox => subject().inbox;

  describe("Inbox: put", () => {
    test("of an arrival that is not known is new, and it waits as it was put", async () => {
      const arrival = anArrival({ object: { key: "raw/a+b %#..'\n日本 😀.csv", size: 0 } });

      expect(await inbox().put(arrival)).toBe("new");

      expect(await inbox().waiting(NAME, 10)).toEqual([arrival]);
    });

    test("again is known, and it waits once, as it came first", async () => {
      await inbox().put(anArrival({ at: at(1) }));

      expect(await inbox().put(anArrival({ at: at(2), object: { etag: "other" } }))).toBe("known");

      expect(await inbox().waiting(NAME, 10)).toEqual([anArrival({ at: at(1) })]);
    });

    test("of an arrival that a run has taken is known, and it does not wait again", async () => {
      await inbox().put(anArrival());
      await inbox().take([anArrival()], RUN);

      expect(await inbox().put(anArrival())).toBe("known");

      expect(await inbox().waiting(NAME, 10)).toEqual([]);
    });

    test.each([
      ["version", { object: { version: "v2" } }],
      ["key", { object: { key: "raw/orders/other.csv" } }],
      ["bucket", { object: { bucket: "other-lake" } }],
      ["trigger", { triggerId: triggerId("late") }],
      ["DAG", { dagId: dagId("orders-eu") }],
    ] as const)("of the same but for another %s is new", async (_, overrides) => {
      await inbox().put(anArrival());

      expect(await inbox().put(anArrival(overrides))).toBe("new");
    });

    test("keeps apart what only looks alike once its parts are joined", async () => {
      const parts = [
        { key: "a#b", version: "c" },
        { key: "a", version: "b#c" },
        { key: "a/b", version: "c" },
        { key: "a", version: "b/c" },
        { key: "a\u0000b", version: "c" },
        { key: "a", version: "b\u0000c" },
        { key: "a|b", version: "c" },
        { key: "a", version: "b|c" },
      ];

      const answers = await Promise.all(parts.map((object) => inbox().put(anArrival({ object }))));

      expect(countOf(answers, "new")).toBe(parts.length);
    });

    test("of the same arrival fifty times at once is new exactly once", async () => {
      const answers = await atOnce(50, () => inbox().put(anArrival()));

      expect([countOf(answers, "new"), countOf(answers, "known")]).toEqual([1, 49]);
    });

    test("takes a key as long as S3 has them", async () => {
      const arrival = anArrival({ object: { key: `raw/${"k".repeat(1020)}` } });

      expect(await inbox().put(arrival)).toBe("new");

      expect(await inbox().waiting(NAME, 1)).toEqual([arrival]);
    });
  });

  describe("Inbox: waiting and summary", () => {
    test("an inbox that nothing came to waits for nothing", async () => {
      expect(await inbox().waiting(NAME, 10)).toEqual([]);
      expect(await inbox().summary(NAME)).toEqual({ count: 0, newestAt: null });
    });

    test("arrivals wait oldest first, in whatever order they were put", async () => {
      for (const seconds of [3, 1, 10, 2]) await inbox().put(arrivalOf(`f${seconds}`, seconds));

      expect(keysOf(await inbox().waiting(NAME, 10))).toEqual(["f1", "f2", "f3", "f10"]);
      expect(await inbox().summary(NAME)).toEqual({ count: 4, newestAt: at(10) });
    });

    test("no more are given than asked for, the oldest of them", async () => {
      for (const seconds of [3, 1, 2]) await inbox().put(arrivalOf(`f${seconds}`, seconds));

      expect(keysOf(await inbox().waiting(NAME, 2))).toEqual(["f1", "f2"]);
    });

    test("each inbox holds its own", async () => {
      await inbox().put(arrivalOf("mine"));
      await inbox().put({ ...arrivalOf("late"), triggerId: triggerId("late") });
      await inbox().put({ ...arrivalOf("eu"), dagId: dagId("orders-eu") });

      expect(keysOf(await inbox().waiting(NAME, 10))).toEqual(["mine"]);
      expect((await inbox().summary(NAME)).count).toBe(1);
    });

    test("every put that has returned is seen at once", async () => {
      for (let n = 1; n <= 20; n++) {
        await inbox().put(arrivalOf(`f${n}`, n));
        expect((await inbox().waiting(NAME, 100)).length).toBe(n);
        expect((await inbox().summary(NAME)).count).toBe(n);
      }
    });

    test("many wait, and all of them are counted", async () => {
      await atOnce(400, (n) => inbox().put(arrivalOf(`f${n}`, n)));

      expect(await inbox().summary(NAME)).toEqual({ count: 400, newestAt: at(399) });
      expect(await inbox().waiting(NAME, 1_000)).toHaveLength(400);
    });
  });

  describe("Inbox: take", () => {
    test("what a run has taken waits no more, and every take that has returned is seen at once", async () => {
      for (const seconds of [1, 2, 3]) await inbox().put(arrivalOf(`f${seconds}`, seconds));

      await inbox().take([arrivalOf("f1", 1), arrivalOf("f3", 3)], RUN);

      expect(keysOf(await inbox().waiting(NAME, 10))).toEqual(["f2"]);
      expect(await inbox().summary(NAME)).toEqual({ count: 1, newestAt: at(2) });
    });

    test("once all are taken nothing waits", async () => {
      await inbox().put(anArrival());
      await inbox().take([anArrival()], RUN);

      expect(await inbox().summary(NAME)).toEqual({ count: 0, newestAt: null });
    });

    test("of what the same run took before changes nothing", async () => {
      await inbox().put(anArrival());
      await inbox().take([anArrival()], RUN);
      await inbox().take([anArrival()], RUN);

      expect(await inbox().waiting(NAME, 10)).toEqual([]);
    });

    test("of what another run took leaves it taken, and takes the rest", async () => {
      await inbox().put(arrivalOf("f1", 1));
      await inbox().put(arrivalOf("f2", 2));
      await inbox().take([arrivalOf("f1", 1)], RUN);

      await inbox().take([arrivalOf("f1", 1), arrivalOf("f2", 2)], runId("orders.files-2"));

      expect(await inbox().waiting(NAME, 10)).toEqual([]);
      expect(await inbox().put(arrivalOf("f1", 1))).toBe("known");
    });

    test("of nothing is nothing", async () => {
      await inbox().put(anArrival());
      await inbox().take([], RUN);

      expect((await inbox().summary(NAME)).count).toBe(1);
    });

    test("of the same arrival twice in one call takes it once", async () => {
      await inbox().put(anArrival());
      await inbox().take([anArrival(), anArrival()], RUN);

      expect(await inbox().waiting(NAME, 10)).toEqual([]);
    });

    test("takes many in one call", async () => {
      const arrivals = Array.from({ length: 250 }, (_, n) => arrivalOf(`f${n}`, n));
      await Promise.all(arrivals.map((arrival) => inbox().put(arrival)));

      await inbox().take(arrivals.slice(0, 240), RUN);

      expect(await inbox().summary(NAME)).toEqual({ count: 10, newestAt: at(249) });
    });

    test("a put beside a take is lost to neither: it waits, or it was taken", async () => {
      const old = Array.from({ length: 20 }, (_, n) => arrivalOf(`old-${n}`, n));
      for (const arrival of old) await inbox().put(arrival);

      await Promise.all([inbox().take(old, RUN), ...old.map((_, n) => inbox().put(arrivalOf(`new-${n}`, 100 + n)))]);

      expect(keysOf(await inbox().waiting(NAME, 100))).toEqual(old.map((_, n) => `new-${n}`));
    });
  });

  describe("Inbox: any sequence of calls", () => {
    test("answers as a plain model in memory does", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(aStep(), { minLength: 1, maxLength: 30 }), async (steps) => {
          await withSubject(make, async ({ inbox: real }) => {
            const model = modelInbox();
            for (const step of steps) {
              expect(await perform(real, step)).toEqual(await perform(model, step));
              expect(await real.summary(NAME)).toEqual(await model.summary(NAME));
            }
          });
        }),
        { numRuns: 15 },
      );
    });
  });
}

type Step =
  | { readonly call: "put"; readonly n: number }
  | { readonly call: "take"; readonly ns: readonly number[] }
  | { readonly call: "waiting"; readonly limit: number };

function aStep(): fc.Arbitrary<Step> {
  const n = fc.integer({ min: 0, max: 5 });
  return fc.oneof(
    fc.record({ call: fc.constant("put" as const), n }),
    fc.record({ call: fc.constant("take" as const), ns: fc.array(n, { maxLength: 4 }) }),
    fc.record({ call: fc.constant("waiting" as const), limit: fc.integer({ min: 1, max: 6 }) }),
  );
}

/** Takes only what has come: an arrival comes before it is taken. */
async function perform(inbox: Inbox, step: Step): Promise<unknown> {
  if (step.call === "put") return inbox.put(arrivalOf(`f${step.n}`, step.n));
  if (step.call === "waiting") return inbox.waiting(NAME, step.limit);
  const there = await inbox.waiting(NAME, 100);
  return inbox.take(
    there.filter((_, n) => step.ns.includes(n)),
    RUN,
  );
}

function modelInbox(): Inbox {
  const arrivals = new Map<string, { readonly arrival: Arrival; readonly takenBy: RunId | null }>();
  const waiting = (): Arrival[] =>
    [...arrivals.values()]
      .filter(({ takenBy }) => takenBy === null)
      .map(({ arrival }) => arrival)
      .toSorted((a, b) => a.at - b.at);
  return {
    put: async (arrival) => {
      if (arrivals.has(arrival.object.key)) return "known";
      arrivals.set(arrival.object.key, { arrival, takenBy: null });
      return "new";
    },
    waiting: async (_, limit) => waiting().slice(0, limit),
    summary: async () => ({ count: waiting().length, newestAt: waiting().at(-1)?.at ?? null }),
    take: async (taken, takenBy) => {
      for (const arrival of taken) arrivals.set(arrival.object.key, { arrival, takenBy });
    },
  };
}
