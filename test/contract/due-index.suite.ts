import { describe, expect, test } from "vitest";
import { commitId, dagId, runId } from "../../shared/core/ids.ts";
import { type Instant, plus } from "../../shared/core/time.ts";
import type { DagStore } from "../../shared/ports/dag-store.ts";
import type { DueIndex, DueRecord } from "../../shared/ports/due-index.ts";
import type { BackfillStore } from "../../shared/ports/backfill-store.ts";
import type { PoolStore } from "../../shared/ports/pool-store.ts";
import type { RunStore } from "../../shared/ports/run-store.ts";
import { NOON, SECOND_MS, aBackfill, aDagRecord, aPool, aPoolId, aRun } from "../builders/index.ts";
import { type Subject, atOnce, freshly, present } from "./subject.ts";

export interface DueIndexSubject extends Subject {
  readonly index: DueIndex;
  /** The stores whose commits write the index. */
  readonly runs: RunStore;
  readonly dags: DagStore;
  readonly pools: PoolStore;
  readonly backfills: BackfillStore;
}

const at = (seconds: number): Instant => plus(NOON, seconds * SECOND_MS);

/** The contract of `DueIndex`, driven through commits of runs, DAGs and pools. */
export function dueIndexContract(make: () => Promise<DueIndexSubject>): void {
  const subject = freshly(make);

  async function dueAt(until: Instant): Promise<DueRecord[]> {
    await subject().settle?.();
    const records: DueRecord[] = [];
    for await (const page of subject().index.due(until)) records.push(...page);
    return records.toSorted((a, b) => (`${a.kind}/${a.id}` < `${b.kind}/${b.id}` ? -1 : 1));
  }

  const putRun = (name: string, due: Instant | null): Promise<unknown> =>
    subject().runs.create(aRun({ runId: runId(name), due }), commitId(`create-${name}`));
  const putDag = (name: string, due: Instant | null): Promise<unknown> =>
    subject().dags.create(aDagRecord({ dagId: dagId(name), due }), commitId(`create-${name}`));
  const putPool = (name: string, due: Instant | null): Promise<unknown> =>
    subject().pools.create(aPool({ poolId: aPoolId(name), due }), commitId(`create-${name}`));

  async function moveRun(name: string, due: Instant | null): Promise<void> {
    const read = present(await subject().runs.load(runId(name)));
    await subject().runs.commit(read, { ...read.value, due }, commitId(`move-${name}-${due}`));
  }
  async function moveDag(name: string, due: Instant | null): Promise<void> {
    const read = present(await subject().dags.load(dagId(name)));
    await subject().dags.commit(read, { ...read.value, due }, commitId(`move-${name}-${due}`));
  }
  async function movePool(name: string, due: Instant | null): Promise<void> {
    const read = present(await subject().pools.load(aPoolId(name)));
    await subject().pools.commit(read, { ...read.value, due }, commitId(`move-${name}-${due}`));
  }

  describe("DueIndex", () => {
    test("nothing is due in an empty store", async () => {
      expect(await dueAt(at(0))).toEqual([]);
    });

    test("names runs and DAGs due at the instant or before, with when they are due", async () => {
      await putRun("orders.before", at(-5));
      await putRun("orders.now", at(0));
      await putRun("orders.later", at(1));
      await putDag("orders", at(-1));
      await putDag("later", at(1));

      expect(await dueAt(at(0))).toEqual([
        { kind: "dag", id: "orders", due: at(-1) },
        { kind: "run", id: "orders.before", due: at(-5) },
        { kind: "run", id: "orders.now", due: at(0) },
      ]);
    });

    test("names backfills likewise", async () => {
      await subject().backfills.create(aBackfill({ due: at(3) }), commitId("b1"));
      expect(await dueAt(at(3))).toEqual([{ kind: "backfill", id: "orders.backfill.1", due: at(3) }]);

      const read = present(await subject().backfills.load(aBackfill().backfillId));
      await subject().backfills.commit(read, { ...read.value, due: null }, commitId("b2"));
      expect(await dueAt(at(9))).toEqual([]);
    });

    test("names pools as it names runs and DAGs, as their due times come and go", async () => {
      await putPool("warehouse", at(5));
      await putPool("api", null);
      await putPool("task:orders.load", at(2));
      await movePool("warehouse", at(1));
      await movePool("api", at(2));
      expect(await dueAt(at(2))).toEqual([
        { kind: "pool", id: "api", due: at(2) },
        { kind: "pool", id: "task:orders.load", due: at(2) },
        { kind: "pool", id: "warehouse", due: at(1) },
      ]);

      await movePool("warehouse", null);

      expect(await dueAt(at(1))).toEqual([]);
    });

    test("records that need no look are not named", async () => {
      await putRun("orders.ended", null);
      await putDag("idle", null);

      expect(await dueAt(at(1_000_000))).toEqual([]);
    });

    test("a record that becomes due earlier is named from then on", async () => {
      await putRun("orders.r", at(100));
      await putDag("orders", at(100));

      await moveRun("orders.r", at(1));
      await moveDag("orders", at(2));

      expect(await dueAt(at(2))).toEqual([
        { kind: "dag", id: "orders", due: at(2) },
        { kind: "run", id: "orders.r", due: at(1) },
      ]);
    });

    test("a record that becomes due later is named only once it is due", async () => {
      await putRun("orders.r", at(1));
      await putDag("orders", at(1));

      await moveRun("orders.r", at(100));
      await moveDag("orders", at(100));

      expect(await dueAt(at(99))).toEqual([]);
      expect(await dueAt(at(100))).toHaveLength(2);
    });

    test("a record that needs no look any more is gone, and comes back when it needs one", async () => {
      await putRun("orders.r", at(1));
      await putDag("orders", at(1));
      await moveRun("orders.r", null);
      await moveDag("orders", null);
      expect(await dueAt(at(1_000))).toEqual([]);

      await moveRun("orders.r", at(7));

      expect(await dueAt(at(1_000))).toEqual([{ kind: "run", id: "orders.r", due: at(7) }]);
    });

    test("commits that leave `due` as it was leave the record where it was", async () => {
      await putRun("orders.r", at(1));
      const read = present(await subject().runs.load(runId("orders.r")));
      await subject().runs.commit(read, { ...read.value, transitions: 5 }, commitId("c2"));

      expect(await dueAt(at(1))).toEqual([{ kind: "run", id: "orders.r", due: at(1) }]);
    });

    test("a stale commit moves nothing", async () => {
      await putRun("orders.r", at(1));
      const read = present(await subject().runs.load(runId("orders.r")));
      await moveRun("orders.r", at(2));
      await subject().runs.commit(read, { ...read.value, due: null }, commitId("stale"));

      expect(await dueAt(at(2))).toEqual([{ kind: "run", id: "orders.r", due: at(2) }]);
    });

    test("pages through all that is due, however much it is, each record once", async () => {
      await atOnce(600, (n) => putRun(`orders.r${n}`, at(-(n % 7))));
      await atOnce(30, (n) => putDag(`dag-${n}`, at(0)));

      const records = await dueAt(at(0));

      expect(records).toHaveLength(630);
      expect(new Set(records.map(({ kind, id }) => `${kind}/${id}`)).size).toBe(630);
    });

    test("goes on while records move under it, and misses none of those that stay", async () => {
      await atOnce(300, (n) => putRun(`orders.r${n}`, at(-1)));
      await subject().settle?.();
      const seen = new Set<string>();
      for await (const page of subject().index.due(at(0))) {
        for (const { id } of page) seen.add(id);
        const gone = page[0];
        if (gone !== undefined) await moveRun(gone.id, null);
      }

      expect(seen.size).toBe(300);
    });
  });
}
