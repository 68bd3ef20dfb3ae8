import { describe, expect, test } from "vitest";
import type { DagRecord } from "../../shared/core/dag/record.ts";
import { commitId, dagId, runId, triggerId } from "../../shared/core/ids.ts";
import { DAG_TASKS_MAX } from "../../shared/core/manifest.ts";
import { plus } from "../../shared/core/time.ts";
import type { DagStore } from "../../shared/ports/dag-store.ts";
import type { Stored } from "../../shared/ports/stored.ts";
import {
  DAY_MS,
  NOON,
  A_PAUSE,
  aDagRecord,
  aDagVersion,
  aManifest,
  aSchedule,
  aTaskSpec,
  aVersionHash,
  anActiveRun,
  anArrivalTrigger,
} from "../builders/index.ts";
import { type Subject, atOnce, countOf, freshly, present } from "./subject.ts";

export interface DagStoreSubject extends Subject {
  readonly store: DagStore;
}

const WRITERS = 50;
const ID = dagId("orders");

const aFullRecord = (): DagRecord =>
  aDagRecord({
    version: aVersionHash("e"),
    removed: true,
    paused: A_PAUSE,
    cursor: plus(NOON, -DAY_MS),
    nextFire: plus(NOON, DAY_MS),
    active: [
      anActiveRun({ epoch: 2, confirmed: true }),
      anActiveRun({
        runId: runId("orders.scheduled-1"),
        scheduled: {
          version: aVersionHash("f"),
          logicalDate: NOON,
          dataInterval: { start: plus(NOON, -DAY_MS), end: NOON },
        },
      }),
    ],
    windows: [
      { triggerId: triggerId("files"), number: 4, open: { openedAt: NOON, due: plus(NOON, 1) } },
      { triggerId: triggerId("late"), number: 1, open: null },
    ],
    queue: "maybe",
    due: plus(NOON, 1),
  });

/** The contract of `DagStore`. */
export function dagStoreContract(make: () => Promise<DagStoreSubject>): void {
  const subject = freshly(make);
  const store = (): DagStore => subject().store;
  const settle = async (): Promise<void> => subject().settle?.();

  async function created(dag: DagRecord = aDagRecord()): Promise<Stored<DagRecord>> {
    await store().create(dag, commitId(`create-${dag.dagId}`));
    return present(await store().load(dag.dagId));
  }

  describe("DagStore: records", () => {
    test("a DAG that nobody put is undefined", async () => {
      expect(await store().load(ID)).toBeUndefined();
    });

    test("a record comes back as it was put, as version 1", async () => {
      expect(await store().create(aFullRecord(), commitId("c1"))).toBe("created");

      expect(await store().load(ID)).toEqual({ value: aFullRecord(), version: 1 });
    });

    test("putting it again by the same commit is a success, and puts nothing", async () => {
      await store().create(aDagRecord(), commitId("c1"));

      expect(await store().create(aDagRecord(), commitId("c1"))).toBe("created");

      expect((await store().load(ID))?.version).toBe(1);
    });

    test("another commit that puts the same id gets the record that is there", async () => {
      await store().create(aDagRecord({ paused: A_PAUSE }), commitId("c1"));

      expect(await store().create(aDagRecord(), commitId("c2"))).toEqual({
        value: aDagRecord({ paused: A_PAUSE }),
        version: 1,
      });
    });

    test(`of ${WRITERS} that put the same id at once, exactly one wins`, async () => {
      const answers = await atOnce(WRITERS, (n) =>
        store().create(aDagRecord({ registeredAt: plus(NOON, n) }), commitId(`c${n}`)),
      );

      expect(countOf(answers, "created")).toBe(1);
      const winner = answers.indexOf("created");
      expect((await store().load(ID))?.value.registeredAt).toBe(plus(NOON, winner));
    });

    test("a commit stores the next record as the next version, seen by every load after", async () => {
      const read = await created();

      expect(await store().commit(read, aFullRecord(), commitId("c2"))).toBe("committed");

      expect(await store().load(ID)).toEqual({ value: aFullRecord(), version: 2 });
    });

    test("a commit on what was read before somebody else's is stale, and writes nothing", async () => {
      const read = await created();
      await store().commit(read, aDagRecord({ paused: A_PAUSE }), commitId("c2"));

      expect(await store().commit(read, aDagRecord({ removed: true }), commitId("c3"))).toBe("stale");

      expect(await store().load(ID)).toEqual({ value: aDagRecord({ paused: A_PAUSE }), version: 2 });
    });

    test("a commit whose reply was lost is a success when it is tried again, and is written once", async () => {
      const read = await created();
      await store().commit(read, aFullRecord(), commitId("c2"));

      expect(await store().commit(read, aFullRecord(), commitId("c2"))).toBe("committed");

      expect((await store().load(ID))?.version).toBe(2);
    });

    test("a commit to a DAG that is not there is missing, and puts nothing", async () => {
      expect(await store().commit({ value: aDagRecord(), version: 1 }, aDagRecord(), commitId("c2"))).toBe("missing");

      expect(await store().load(ID)).toBeUndefined();
    });

    test(`of ${WRITERS} writers holding the same version, exactly one wins`, async () => {
      const read = await created();

      const answers = await atOnce(WRITERS, (n) =>
        store().commit(read, aDagRecord({ registeredAt: plus(NOON, n) }), commitId(`w${n}`)),
      );

      expect([countOf(answers, "committed"), countOf(answers, "stale")]).toEqual([1, WRITERS - 1]);
      const winner = answers.indexOf("committed");
      expect(await store().load(ID)).toEqual({ value: aDagRecord({ registeredAt: plus(NOON, winner) }), version: 2 });
    });

    test("changing what was loaded changes nothing that is stored", async () => {
      const read = await created(aFullRecord());
      (read.value.active as unknown[]).length = 0;

      expect((await store().load(ID))?.value).toEqual(aFullRecord());
    });

    test("a record that no item can hold is refused, and the one before stays", async () => {
      const read = await created();
      const active = Array.from({ length: 4_000 }, (_, n) =>
        anActiveRun({ runId: runId(`orders.${"r".repeat(80)}-${n}`) }),
      );

      const commit = store().commit(read, aDagRecord({ active }), commitId("c2"));

      await expect(commit).rejects.toMatchObject({
        code: "RECORD_TOO_LARGE",
        message: expect.stringMatching(/orders.*\d/) as string,
      });
      expect(await store().load(ID)).toEqual(read);
    });
  });

  describe("DagStore: list", () => {
    test("an empty store lists nothing", async () => {
      expect(await store().list()).toEqual([]);
    });

    test("lists every DAG by id, the removed ones too, as they are now", async () => {
      for (const id of ["b", "a-2", "a", "C"]) await created(aDagRecord({ dagId: dagId(id) }));
      const read = present(await store().load(dagId("b")));
      await store().commit(read, aDagRecord({ dagId: dagId("b"), removed: true }), commitId("c2"));
      await settle();

      const listed = await store().list();

      expect(listed.map((dag) => dag.dagId)).toEqual(["C", "a", "a-2", "b"]);
      expect(listed.at(-1)?.removed).toBe(true);
    });

    test("lists all of many", async () => {
      await atOnce(250, (n) => created(aDagRecord({ dagId: dagId(`dag-${n}`) })));
      await settle();

      expect(await store().list()).toHaveLength(250);
    });
  });

  describe("DagStore: versions", () => {
    test("a version that nobody put is undefined", async () => {
      expect(await store().loadVersion(aVersionHash())).toBeUndefined();
    });

    test("a version comes back as it was put", async () => {
      const version = aDagVersion({
        manifest: aManifest({
          description: "Orders of the day, naïve & 日本",
          schedule: aSchedule(),
          triggers: [anArrivalTrigger()],
          params: {
            schema: { type: "object", properties: { n: { type: "number" } } },
            defaults: { n: 1.5, none: null },
          },
          tasks: [aTaskSpec("extract"), aTaskSpec("load", { after: ["extract"], tags: ["a", "b"] })],
        }),
      });

      await store().putVersion(version);

      expect(await store().loadVersion(version.version)).toEqual(version);
    });

    test("putting a version again changes nothing", async () => {
      await store().putVersion(aDagVersion());
      await store().putVersion(aDagVersion());

      expect(await store().loadVersion(aVersionHash())).toEqual(aDagVersion());
    });

    test("many put the same version at once, and it is there", async () => {
      await atOnce(10, () => store().putVersion(aDagVersion()));

      expect(await store().loadVersion(aVersionHash())).toEqual(aDagVersion());
    });

    test("versions are kept apart", async () => {
      await store().putVersion(aDagVersion({ bundle: "1".repeat(64) }));
      await store().putVersion(aDagVersion({ version: aVersionHash("2"), bundle: "2".repeat(64) }));

      expect((await store().loadVersion(aVersionHash()))?.bundle).toBe("1".repeat(64));
    });

    test("a version with as many tasks as a DAG may have is kept whole", async () => {
      const tasks = Array.from({ length: DAG_TASKS_MAX }, (_, n) =>
        aTaskSpec(`task-${n}`, { after: n === 0 ? [] : [`task-${n - 1}`] }),
      );
      const version = aDagVersion({ manifest: aManifest({ tasks }) });

      await store().putVersion(version);

      expect(await store().loadVersion(version.version)).toEqual(version);
    });
  });
}
