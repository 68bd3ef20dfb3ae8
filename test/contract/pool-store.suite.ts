import { describe, expect, test } from "vitest";
import { commitId } from "../../shared/core/ids.ts";
import type { Pool } from "../../shared/core/pool/record.ts";
import { plus } from "../../shared/core/time.ts";
import type { PoolStore } from "../../shared/ports/pool-store.ts";
import type { Stored } from "../../shared/ports/stored.ts";
import { NOON, aPool, aPoolEntry, aPoolId, aPoolRun } from "../builders/index.ts";
import { type Subject, atOnce, countOf, freshly, present } from "./subject.ts";

export interface PoolStoreSubject extends Subject {
  readonly store: PoolStore;
}

const WRITERS = 50;
const ID = aPoolId("warehouse");

const aFullPool = (): Pool =>
  aPool({
    slots: 3,
    resized: { by: "Zoë", at: NOON },
    entries: [
      aPoolEntry({ next: { weight: 2, count: 7 }, deadline: NOON, logicalDate: NOON, since: NOON, priority: 40 }),
      aPoolEntry({ runId: aPoolRun("b"), epoch: 3, released: 1, wanted: 9, seen: 0 }),
    ],
    due: plus(NOON, 1),
  });

/** The contract of `PoolStore`. */
export function poolStoreContract(make: () => Promise<PoolStoreSubject>): void {
  const subject = freshly(make);
  const store = (): PoolStore => subject().store;
  const settle = async (): Promise<void> => subject().settle?.();

  async function created(pool: Pool = aPool()): Promise<Stored<Pool>> {
    await store().create(pool, commitId(`create-${pool.poolId}`));
    return present(await store().load(pool.poolId));
  }

  describe("PoolStore", () => {
    test("a pool that nobody put is undefined", async () => {
      expect(await store().load(ID)).toBeUndefined();
    });

    test("a pool comes back as it was put, as version 1", async () => {
      expect(await store().create(aFullPool(), commitId("c1"))).toBe("created");

      expect(await store().load(ID)).toEqual({ value: aFullPool(), version: 1 });
    });

    test("putting it again by the same commit is a success, and puts nothing", async () => {
      await store().create(aPool(), commitId("c1"));

      expect(await store().create(aPool(), commitId("c1"))).toBe("created");

      expect((await store().load(ID))?.version).toBe(1);
    });

    test("another commit that puts the same id gets the pool that is there", async () => {
      await store().create(aFullPool(), commitId("c1"));

      expect(await store().create(aPool(), commitId("c2"))).toEqual({ value: aFullPool(), version: 1 });
    });

    test(`of ${WRITERS} that put the same id at once, exactly one wins`, async () => {
      const answers = await atOnce(WRITERS, (n) => store().create(aPool({ slots: n }), commitId(`c${n}`)));

      expect(countOf(answers, "created")).toBe(1);
      expect((await store().load(ID))?.value.slots).toBe(answers.indexOf("created"));
    });

    test("a commit stores the next record as the next version, seen by every load after", async () => {
      const read = await created();

      expect(await store().commit(read, aFullPool(), commitId("c2"))).toBe("committed");

      expect(await store().load(ID)).toEqual({ value: aFullPool(), version: 2 });
    });

    test("a commit on what was read before somebody else's is stale, and writes nothing", async () => {
      const read = await created();
      await store().commit(read, aPool({ slots: 1 }), commitId("c2"));

      expect(await store().commit(read, aPool({ slots: 2 }), commitId("c3"))).toBe("stale");

      expect(await store().load(ID)).toEqual({ value: aPool({ slots: 1 }), version: 2 });
    });

    test("a commit whose reply was lost is a success when it is tried again, and is written once", async () => {
      const read = await created();
      await store().commit(read, aFullPool(), commitId("c2"));

      expect(await store().commit(read, aFullPool(), commitId("c2"))).toBe("committed");

      expect((await store().load(ID))?.version).toBe(2);
    });

    test("a commit to a pool that is not there is missing, and puts nothing", async () => {
      expect(await store().commit({ value: aPool(), version: 1 }, aPool(), commitId("c2"))).toBe("missing");

      expect(await store().load(ID)).toBeUndefined();
    });

    test(`of ${WRITERS} writers holding the same version, exactly one wins`, async () => {
      const read = await created();

      const answers = await atOnce(WRITERS, (n) => store().commit(read, aPool({ slots: n }), commitId(`w${n}`)));

      expect([countOf(answers, "committed"), countOf(answers, "stale")]).toEqual([1, WRITERS - 1]);
      expect((await store().load(ID))?.value.slots).toBe(answers.indexOf("committed"));
    });

    test("changing what was loaded changes nothing that is stored", async () => {
      const read = await created(aFullPool());
      (read.value.entries as unknown[]).length = 0;

      expect((await store().load(ID))?.value).toEqual(aFullPool());
    });

    test("a pool that no item can hold is refused, and the one before stays", async () => {
      const read = await created();
      const entries = Array.from({ length: 4_000 }, (_, n) =>
        aPoolEntry({ runId: aPoolRun(`${"r".repeat(80)}-${n}`) }),
      );

      const commit = store().commit(read, aPool({ entries }), commitId("c2"));

      await expect(commit).rejects.toMatchObject({
        code: "RECORD_TOO_LARGE",
        message: expect.stringMatching(/warehouse.*\d/) as string,
      });
      expect(await store().load(ID)).toEqual(read);
    });

    test("lists every pool by id, those of limits too, as they are now", async () => {
      for (const id of ["b", "task:orders.load", "a", "dag:orders"]) await created(aPool({ poolId: aPoolId(id) }));
      const read = present(await store().load(aPoolId("b")));
      await store().commit(read, aPool({ poolId: aPoolId("b"), slots: 5 }), commitId("c2"));
      await settle();

      const listed = await store().list();

      expect(listed.map(({ poolId, slots }) => [poolId, slots])).toEqual([
        ["a", 8],
        ["b", 5],
        ["dag:orders", 8],
        ["task:orders.load", 8],
      ]);
    });
  });
}
