import { describe, expect, test } from "vitest";
import { type Backfill, BACKFILL_SKIPS_MAX } from "../../shared/core/backfill/record.ts";
import { backfillId, commitId, dagId, runId } from "../../shared/core/ids.ts";
import { plus } from "../../shared/core/time.ts";
import type { BackfillStore } from "../../shared/ports/backfill-store.ts";
import type { Stored } from "../../shared/ports/stored.ts";
import { NOON, aBackfill, aBackfillPlan } from "../builders/index.ts";
import { type Subject, atOnce, countOf, freshly, present } from "./subject.ts";

export interface BackfillStoreSubject extends Subject {
  readonly store: BackfillStore;
}

const WRITERS = 50;
const ID = backfillId("orders.backfill.1");

const aFullBackfill = (): Backfill =>
  aBackfill({
    plan: aBackfillPlan({ tasks: ["extract"], order: "random", params: { region: "Zürich" } }),
    state: "paused",
    stopped: { by: "Zoë", reason: "month end", at: NOON },
    taken: 3,
    active: [
      {
        place: 2,
        runId: runId("orders.scheduled.1"),
        logicalDate: NOON,
        dataInterval: { start: NOON, end: plus(NOON, 1) },
        since: NOON,
        epoch: null,
      },
    ],
    skipped: Array.from({ length: BACKFILL_SKIPS_MAX }, (_, n) => ({
      from: n,
      to: n,
      reason: "it has a run: success",
    })),
    due: plus(NOON, 1),
  });

/** The contract of `BackfillStore`. */
export function backfillStoreContract(make: () => Promise<BackfillStoreSubject>): void {
  const subject = freshly(make);
  const store = (): BackfillStore => subject().store;
  const settle = async (): Promise<void> => subject().settle?.();

  async function created(backfill: Backfill = aBackfill()): Promise<Stored<Backfill>> {
    await store().create(backfill, commitId(`create-${backfill.backfillId}`));
    return present(await store().load(backfill.backfillId));
  }

  describe("BackfillStore", () => {
    test("a backfill that nobody put is undefined", async () => {
      expect(await store().load(ID)).toBeUndefined();
    });

    test("a backfill comes back as it was put, as version 1", async () => {
      expect(await store().create(aFullBackfill(), commitId("c1"))).toBe("created");

      expect(await store().load(ID)).toEqual({ value: aFullBackfill(), version: 1 });
    });

    test("putting it again by the same commit is a success, by another one it gives the backfill that is there", async () => {
      await store().create(aFullBackfill(), commitId("c1"));

      expect(await store().create(aBackfill(), commitId("c1"))).toBe("created");
      expect(await store().create(aBackfill(), commitId("c2"))).toEqual({ value: aFullBackfill(), version: 1 });
    });

    test("a commit stores the next record as the next version, once, however often its reply is lost", async () => {
      const read = await created();

      expect(await store().commit(read, aFullBackfill(), commitId("c2"))).toBe("committed");
      expect(await store().commit(read, aFullBackfill(), commitId("c2"))).toBe("committed");

      expect(await store().load(ID)).toEqual({ value: aFullBackfill(), version: 2 });
    });

    test("a commit on what was read before somebody else's is stale, and writes nothing", async () => {
      const read = await created();
      await store().commit(read, aBackfill({ taken: 1 }), commitId("c2"));

      expect(await store().commit(read, aBackfill({ taken: 2 }), commitId("c3"))).toBe("stale");

      expect(await store().load(ID)).toEqual({ value: aBackfill({ taken: 1 }), version: 2 });
    });

    test("a commit to a backfill that is not there is missing, and puts nothing", async () => {
      expect(await store().commit({ value: aBackfill(), version: 1 }, aBackfill(), commitId("c2"))).toBe("missing");

      expect(await store().load(ID)).toBeUndefined();
    });

    test(`of ${WRITERS} writers holding the same version, exactly one wins`, async () => {
      const read = await created();

      const answers = await atOnce(WRITERS, (n) => store().commit(read, aBackfill({ taken: n }), commitId(`w${n}`)));

      expect([countOf(answers, "committed"), countOf(answers, "stale")]).toEqual([1, WRITERS - 1]);
      expect((await store().load(ID))?.value.taken).toBe(answers.indexOf("committed"));
    });

    test("a backfill that no item can hold is refused, and the one before stays", async () => {
      const read = await created();
      const params = { text: "x".repeat(400_000) };

      const commit = store().commit(read, aBackfill({ plan: aBackfillPlan({ params }) }), commitId("c2"));

      await expect(commit).rejects.toMatchObject({ code: "RECORD_TOO_LARGE" });
      expect(await store().load(ID)).toEqual(read);
    });

    test("lists the newest first, of all DAGs or of one, as they are now, up to the limit", async () => {
      for (const [n, dag] of ["orders", "sales", "orders"].entries()) {
        const plan = aBackfillPlan({ dagId: dagId(dag) });
        await created(aBackfill({ backfillId: backfillId(`${dag}.backfill.${n}`), plan, createdAt: plus(NOON, n) }));
      }
      await settle();
      const ids = async (query: Parameters<BackfillStore["list"]>[0]): Promise<readonly string[]> =>
        (await store().list(query)).map((backfill) => backfill.backfillId);

      expect(await ids({ limit: 2 })).toEqual(["orders.backfill.2", "sales.backfill.1"]);
      expect(await ids({ dagId: dagId("orders"), limit: 9 })).toEqual(["orders.backfill.2", "orders.backfill.0"]);
      expect(await ids({ dagId: dagId("none"), limit: 9 })).toEqual([]);
    });
  });
}
