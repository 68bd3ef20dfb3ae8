import { describe, expect, test } from "vitest";
import type { TaskDetail } from "../../shared/core/run.ts";
import { commitId, runId } from "../../shared/core/ids.ts";
import type { Run } from "../../shared/core/run.ts";
import { type Instant, plus } from "../../shared/core/time.ts";
import type { RunStore } from "../../shared/ports/run-store.ts";
import type { Stored } from "../../shared/ports/stored.ts";
import { MINUTE_MS, NOON, aRun, aTaskTable } from "../builders/index.ts";
import { type RunStoreSubject, runStoreIndexes } from "./run-store-indexes.ts";
import { runStoreModel } from "./run-store-model.ts";
import { atOnce, countOf, freshly, present } from "./subject.ts";

const WRITERS = 50;
const ID = runId("orders.run-1");
const at = (minutes: number): Instant => plus(NOON, minutes * MINUTE_MS);

/** Every field set to something that a careless encoding would lose. */
function aFullRun(): Run {
  const shared: TaskDetail = { since: at(1), due: at(2), cause: { code: "rule", text: "ünïcode ✓ \u0000\n'\"" } };
  return aRun({
    runType: "event",
    origin: { kind: "arrival", triggerId: "files" as never, window: 7 },
    logicalDate: at(-60),
    dataInterval: { start: at(-120), end: at(-60) },
    deadlines: [
      { name: "naïve 日本", at: at(-5), missedAt: at(6) },
      { name: "by 13:00", at: at(60) },
    ],
    params: { text: "naïve 日本 😀", none: null, nested: { list: [1, 2.5, true, []] }, empty: {} },
    files: [
      {
        bucket: "data-lake",
        key: "raw/a+b %#.csv",
        size: 3,
        etag: "e",
        version: "v",
        arrivedAt: "2026-03-02T12:00:00Z",
      },
    ],
    state: "running",
    epoch: 3,
    startedAt: at(1),
    degraded: true,
    cause: { code: "error", text: "it broke", class: "permanent", name: "TypeError" },
    cancel: { by: "someone", reason: "because", at: at(3) },
    firstFailureAt: at(2),
    transitions: 12,
    tasks: aTaskTable([
      { state: "success", attempt: 1 },
      { state: "running", attempt: 300, detail: shared },
      { state: "running", attempt: 300, detail: shared },
      {
        state: "restarting",
        attempt: 2,
        detail: { since: at(1), target: { to: "retry", class: "lost", text: "gone" }, lease: at(4) },
      },
      "none",
    ]),
    effects: [
      { kind: "run_finished", state: "success", tookMs: 1, number: 4, epoch: 3, since: at(4), sends: 2, due: at(9) },
    ],
    effectsRecorded: 4,
    due: at(9),
  });
}

/** The contract of `RunStore`. */
export function runStoreContract(make: () => Promise<RunStoreSubject>): void {
  const subject = freshly(make);
  const store = (): RunStore => subject().store;

  async function created(run: Run = aRun()): Promise<Stored<Run>> {
    await store().create(run, commitId(`create-${run.runId}`));
    return present(await store().load(run.runId));
  }

  describe("RunStore: create and load", () => {
    test("a run that nobody put is undefined", async () => {
      expect(await store().load(ID)).toBeUndefined();
    });

    test("a run comes back as it was put, as version 1", async () => {
      const run = aFullRun();

      expect(await store().create(run, commitId("c1"))).toBe("created");

      expect(await store().load(run.runId)).toEqual({ value: run, version: 1 });
    });

    test("putting it again by the same commit is a success, and puts nothing", async () => {
      await store().create(aRun(), commitId("c1"));

      expect(await store().create(aRun(), commitId("c1"))).toBe("created");

      expect(await store().load(ID)).toEqual({ value: aRun(), version: 1 });
    });

    test("another commit that puts the same id gets the run that is there", async () => {
      await store().create(aRun({ params: { first: true } }), commitId("c1"));

      const answer = await store().create(aRun({ params: { first: false } }), commitId("c2"));

      const there = { value: aRun({ params: { first: true } }), version: 1 };
      expect(answer).toEqual(there);
      expect(await store().load(ID)).toEqual(there);
    });

    test("a put of an id that has been committed since gets the run as it is now", async () => {
      const read = await created();
      await store().commit(read, aRun({ state: "running" }), commitId("c2"));

      expect(await store().create(aRun(), commitId("c3"))).toEqual({ value: aRun({ state: "running" }), version: 2 });
    });

    test(`of ${WRITERS} that put the same id at once, exactly one wins, and the others get its run`, async () => {
      const answers = await atOnce(WRITERS, (n) => store().create(aRun({ params: { n } }), commitId(`c${n}`)));

      const stored = present(await store().load(ID));
      const winner = answers.indexOf("created");
      expect(countOf(answers, "created")).toBe(1);
      expect(stored).toEqual({ value: aRun({ params: { n: winner } }), version: 1 });
      expect(answers.filter((answer) => answer !== "created")).toEqual(
        Array.from({ length: WRITERS - 1 }, () => stored),
      );
    });

    test("runs whose ids begin alike are different runs", async () => {
      await created(aRun({ runId: runId("orders.run-1"), params: { n: 1 } }));
      await created(aRun({ runId: runId("orders.run-10"), params: { n: 10 } }));

      expect((await store().load(runId("orders.run-1")))?.value.params).toEqual({ n: 1 });
    });

    test("changing what was loaded changes nothing that is stored", async () => {
      const read = await created(aRun({ tasks: aTaskTable(["none", "none"]) }));
      read.value.tasks.states[0] = 3;
      read.value.tasks.attempts[0] = 9;

      expect((await store().load(ID))?.value.tasks).toEqual(aTaskTable(["none", "none"]));
    });

    test("changing what was put changes nothing that is stored", async () => {
      const run = aRun({ tasks: aTaskTable(["none", "none"]) });
      await store().create(run, commitId("c1"));
      run.tasks.states[0] = 3;

      expect((await store().load(ID))?.value.tasks).toEqual(aTaskTable(["none", "none"]));
    });

    test("changing what was committed changes nothing that is stored", async () => {
      const read = await created(aRun({ tasks: aTaskTable(["none", "none"]) }));
      const next = aRun({ tasks: aTaskTable(["success", "none"]) });
      await store().commit(read, next, commitId("c2"));
      next.tasks.states[1] = 3;

      expect((await store().load(ID))?.value.tasks).toEqual(aTaskTable(["success", "none"]));
    });

    test("a run of 300 KB is stored whole", async () => {
      const run = aRun({ params: { text: "x".repeat(300 * 1024) } });

      expect(await store().create(run, commitId("c1"))).toBe("created");

      expect((await store().load(ID))?.value).toEqual(run);
    });

    test("a run that no item can hold is refused with its size and the limit", async () => {
      const put = store().create(aRun({ params: { text: "x".repeat(500 * 1024) } }), commitId("c1"));

      await expect(put).rejects.toMatchObject({
        code: "RECORD_TOO_LARGE",
        message: expect.stringMatching(/orders\.run-1.*\d/) as string,
      });
      expect(await store().load(ID)).toBeUndefined();
    });
  });

  describe("RunStore: commit", () => {
    test("stores the next record as the next version, seen by every load after", async () => {
      const read = await created();

      expect(await store().commit(read, aFullRun(), commitId("c2"))).toBe("committed");

      expect(await store().load(ID)).toEqual({ value: aFullRun(), version: 2 });
    });

    test("a commit on what was read before somebody else's is stale, and writes nothing", async () => {
      const read = await created();
      await store().commit(read, aRun({ params: { by: "first" } }), commitId("c2"));

      expect(await store().commit(read, aRun({ params: { by: "second" } }), commitId("c3"))).toBe("stale");

      expect(await store().load(ID)).toEqual({ value: aRun({ params: { by: "first" } }), version: 2 });
    });

    test("a commit whose reply was lost is a success when it is tried again, and is written once", async () => {
      const read = await created();
      const next = aRun({ state: "running" });
      await store().commit(read, next, commitId("c2"));

      expect(await store().commit(read, next, commitId("c2"))).toBe("committed");

      expect(await store().load(ID)).toEqual({ value: next, version: 2 });
    });

    test("a commit to a run that is not there is missing, and puts nothing", async () => {
      expect(await store().commit({ value: aRun(), version: 1 }, aRun(), commitId("c2"))).toBe("missing");

      expect(await store().load(ID)).toBeUndefined();
    });

    test("of two writers holding the same version, exactly one wins", async () => {
      const read = await created();

      const answers = await atOnce(2, (n) => store().commit(read, aRun({ params: { n } }), commitId(`w${n}`)));

      expect(answers.toSorted()).toEqual(["committed", "stale"]);
    });

    test(`of ${WRITERS} writers holding the same version, exactly one wins, and its record is there`, async () => {
      const read = await created();

      const answers = await atOnce(WRITERS, (n) => store().commit(read, aRun({ params: { n } }), commitId(`w${n}`)));

      expect([countOf(answers, "committed"), countOf(answers, "stale")]).toEqual([1, WRITERS - 1]);
      const winner = answers.indexOf("committed");
      expect(await store().load(ID)).toEqual({ value: aRun({ params: { n: winner } }), version: 2 });
    });

    test("tries of one and the same commit at once all succeed, and it is written once", async () => {
      const read = await created();

      const answers = await atOnce(5, () => store().commit(read, aRun({ state: "running" }), commitId("c2")));

      expect(countOf(answers, "committed")).toBe(5);
      expect((await store().load(ID))?.version).toBe(2);
    });

    test("versions rise by one with each commit", async () => {
      await created();
      const versions: number[] = [];
      for (let n = 0; n < 5; n++) {
        const read = present(await store().load(ID));
        versions.push(read.version);
        await store().commit(read, aRun({ transitions: n }), commitId(`c${n}`));
      }

      expect(versions).toEqual([1, 2, 3, 4, 5]);
    });

    test("a next record that no item can hold is refused, and the one before stays", async () => {
      const read = await created();

      const commit = store().commit(read, aRun({ params: { text: "x".repeat(500 * 1024) } }), commitId("c2"));

      await expect(commit).rejects.toMatchObject({ code: "RECORD_TOO_LARGE" });
      expect(await store().load(ID)).toEqual(read);
    });
  });

  runStoreIndexes(subject);
  runStoreModel(make);
}
