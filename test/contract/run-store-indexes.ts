import { describe, expect, test } from "vitest";
import { type RunId, commitId, dagId, runId, taskId } from "../../shared/core/ids.ts";
import type { Run } from "../../shared/core/run.ts";
import { type Instant, plus } from "../../shared/core/time.ts";
import { RUN_PAGE_MAX, type RunQuery, type RunStore } from "../../shared/ports/run-store.ts";
import { DAY_MS, MINUTE_MS, NOON, aRun } from "../builders/index.ts";
import { type Subject, atOnce, present } from "./subject.ts";

export interface RunStoreSubject extends Subject {
  readonly store: RunStore;
}

const at = (minutes: number): Instant => plus(NOON, minutes * MINUTE_MS);

/** The part of the contract of `RunStore` that reads indexes. */
export function runStoreIndexes(subject: () => RunStoreSubject): void {
  const store = (): RunStore => subject().store;
  const settle = async (): Promise<void> => subject().settle?.();

  async function put(...runs: readonly Run[]): Promise<void> {
    for (const run of runs) await store().create(run, commitId(`create-${run.runId}`));
    await settle();
  }

  describe("RunStore: list", () => {
    const named = (name: string, overrides: Partial<Run> = {}): Run =>
      aRun({ runId: runId(`${overrides.dagId ?? "orders"}.${name}`), ...overrides });

    /** All pages of a query, one after the other. */
    async function pages(query: RunQuery): Promise<(readonly RunId[])[]> {
      const all: (readonly RunId[])[] = [];
      for (let after: string | undefined; ;) {
        const page = await store().list(after === undefined ? query : { ...query, after });
        all.push(page.runs.map((run) => run.runId));
        if (page.next === undefined) return all;
        after = page.next;
      }
    }

    test("an empty store lists nothing, and no next page", async () => {
      expect(await store().list({ limit: 10 })).toEqual({ runs: [] });
    });

    test("lists by logical date, by when it was queued where there is none, newest first", async () => {
      await put(
        named("oldest", { logicalDate: at(-30), queuedAt: at(50) }),
        named("newest", { logicalDate: at(20), queuedAt: at(1) }),
        named("middle", { logicalDate: null, queuedAt: at(10) }),
      );

      const { runs } = await store().list({ limit: 10 });

      expect(runs.map((run) => run.runId)).toEqual(["orders.newest", "orders.middle", "orders.oldest"]);
    });

    test("gives whole runs, as they are now", async () => {
      await put(aRun());
      const now = aRun({ state: "running", startedAt: at(1), params: { n: 1 } });
      await store().commit(present(await store().load(now.runId)), now, commitId("c2"));
      await settle();

      expect((await store().list({ limit: 10 })).runs).toEqual([now]);
    });

    test("leaves out chunks of wide maps, which are parts of their run", async () => {
      const parent = named("wide");
      const origin = { kind: "chunk", parent: parent.runId, taskId: taskId("load"), number: 1, index: 0 } as const;
      const chunk = named("wide.map-1-0", { origin, state: "running" });
      await put(parent, chunk);

      expect(await pages({ limit: 10 })).toEqual([[parent.runId]]);
      expect(await pages({ dagId: parent.dagId, limit: 10 })).toEqual([[parent.runId]]);
      expect((await store().load(chunk.runId))?.value.origin).toEqual(origin);
    });

    test("of one DAG only, when asked", async () => {
      await put(named("a"), named("b", { dagId: dagId("orders-eu") }), named("c"));

      const { runs } = await store().list({ dagId: dagId("orders"), limit: 10 });

      expect(runs.map((run) => run.runId).toSorted()).toEqual(["orders.a", "orders.c"]);
    });

    test("in one state only, when asked: the state that they are in now", async () => {
      await put(named("a"), named("b"), named("c", { state: "failed" }));
      const read = present(await store().load(runId("orders.a")));
      await store().commit(read, named("a", { state: "failed" }), commitId("c2"));
      await settle();

      const { runs } = await store().list({ state: "failed", limit: 10 });

      expect(runs.map((run) => run.runId).toSorted()).toEqual(["orders.a", "orders.c"]);
    });

    test("of one DAG and in one state", async () => {
      await put(
        named("a", { state: "failed" }),
        named("b"),
        named("c", { dagId: dagId("eu"), state: "failed" }),
        named("d", { state: "failed", queuedAt: at(5) }),
      );

      const { runs } = await store().list({ dagId: dagId("orders"), state: "failed", limit: 10 });

      expect(runs.map((run) => run.runId)).toEqual(["orders.d", "orders.a"]);
    });

    test.each([
      ["all", {}],
      ["of a DAG", { dagId: dagId("orders") }],
      ["in a state", { state: "queued" }],
      ["of a DAG in a state", { dagId: dagId("orders"), state: "queued" }],
    ] as const)("pages visit every run once, in order, several of the same instant too: %s", async (_, query) => {
      const runs = Array.from({ length: 7 }, (__, n) => named(`r${n}`, { queuedAt: at(-Math.floor(n / 3)) }));
      await put(...runs, named("other", { dagId: dagId("other"), state: "success", queuedAt: at(99) }));
      const filtered = "dagId" in query || "state" in query;

      const seen = (await pages({ ...query, limit: 2 })).flat().filter((id) => filtered || id !== "other.other");

      expect(seen.toSorted()).toEqual(runs.map((run) => run.runId));
      const instants = seen.map((id) => present(runs.find((run) => run.runId === id)).queuedAt);
      expect(instants).toEqual(instants.toSorted((a, b) => b - a));
    });

    test("no page is longer than its limit", async () => {
      await put(...Array.from({ length: 5 }, (_, n) => named(`r${n}`)));

      const lengths = (await pages({ limit: 2 })).map((page) => page.length);

      expect(Math.max(...lengths)).toBeLessThanOrEqual(2);
    });

    test(`no page is longer than ${RUN_PAGE_MAX}, whatever is asked`, async () => {
      await atOnce(RUN_PAGE_MAX + 1, (n) => store().create(named(`r${n}`), commitId(`c${n}`)));
      await settle();

      const sizes = (await pages({ limit: 10_000 })).map((page) => page.length);

      expect(Math.max(...sizes)).toBe(RUN_PAGE_MAX);
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(RUN_PAGE_MAX + 1);
    });

    test("a run that is put between two pages moves nothing that was not seen out of sight", async () => {
      await put(named("a", { queuedAt: at(1) }), named("b", { queuedAt: at(2) }), named("c", { queuedAt: at(3) }));
      const first = await store().list({ limit: 1 });
      await put(named("d", { queuedAt: at(4) }));

      const rest = await store().list({ limit: 10, after: present(first.next) });

      expect(rest.runs.map((run) => run.runId)).toEqual(["orders.b", "orders.a"]);
    });
  });

  describe("RunStore: queued", () => {
    const queuedRun = (name: string, minutes: number, overrides: Partial<Run> = {}): Run =>
      aRun({ runId: runId(`orders.${name}`), queuedAt: at(minutes), ...overrides });

    test("names the queued runs of the DAG, the one queued first comes first, whatever their logical dates", async () => {
      await put(
        queuedRun("late", 9, { logicalDate: plus(NOON, -9 * DAY_MS) }),
        queuedRun("early", 1, { logicalDate: plus(NOON, -DAY_MS) }),
        queuedRun("middle", 5),
        queuedRun("started", 0, { state: "running" }),
        aRun({ runId: runId("eu.run"), dagId: dagId("eu") }),
      );

      expect(await store().queued(dagId("orders"), 10)).toEqual(["orders.early", "orders.middle", "orders.late"]);
    });

    test("names no more than asked for", async () => {
      await put(queuedRun("c", 3), queuedRun("a", 1), queuedRun("b", 2));

      expect(await store().queued(dagId("orders"), 2)).toEqual(["orders.a", "orders.b"]);
    });

    test("a run that has started is no longer named, and one that is queued again is", async () => {
      await put(queuedRun("a", 1), queuedRun("b", 2, { state: "failed" }));
      const [a, b] = [runId("orders.a"), runId("orders.b")];
      await store().commit(present(await store().load(a)), queuedRun("a", 1, { state: "running" }), commitId("c2"));
      await store().commit(present(await store().load(b)), queuedRun("b", 2, { epoch: 2 }), commitId("c3"));
      await settle();

      expect(await store().queued(dagId("orders"), 10)).toEqual([b]);
    });
  });
}
