/** What the stores on the state file promise beyond their ports. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NOON, aDagRecord, aFolder, aRun, aSuccess, anArrival, anAttemptKey } from "../../../test/builders/index.ts";
import { commitId, runId } from "../../core/ids.ts";
import { plus } from "../../core/time.ts";
import { claimAlong, createAttemptStore, endLeasesOf } from "./attempt-store.ts";
import { createDagStore } from "./dag-store.ts";
import { type Database, openDatabase } from "./database.ts";
import { createInbox } from "./inbox.ts";
import { createRunStore } from "./run-store.ts";
import { createWriter } from "./writer.ts";

let folder: Awaited<ReturnType<typeof aFolder>>;
/** Two connections, as of two processes. */
let ours: Database;
let theirs: Database;

beforeEach(async () => {
  folder = await aFolder();
  ours = openDatabase(join(folder.path, "state.db"));
  theirs = openDatabase(join(folder.path, "state.db"));
});
afterEach(async () => {
  ours.close();
  theirs.close();
  await folder.remove();
});

const runsOf = (database: Database): ReturnType<typeof createRunStore> =>
  createRunStore(database, createWriter(database));

describe("a claim along with a commit", () => {
  const CLAIM = { owner: "o", at: NOON, leaseUntil: plus(NOON, 30_000) };
  const key = anAttemptKey({ runId: aRun().runId });

  /** A run whose next commit, on top of this version, is given to the writer together with a claim. */
  async function committedWith(version: number) {
    const writer = createWriter(ours);
    const [runs, attempts] = [createRunStore(ours, writer), createAttemptStore(ours, writer)];
    await runs.create(aRun(), commitId("c1"));
    const committing = runs.commit({ value: aRun(), version }, aRun({ state: "running" }), commitId("c2"));
    const claiming = claimAlong(writer, key, CLAIM, commitId("c2"));
    return { result: await committing, claimed: await claiming, item: (await attempts.read([key]))[0], attempts };
  }

  test("is made if the commit takes place", async () => {
    const { attempts: _attempts, ...seen } = await committedWith(1);

    const item = { status: "running", owner: "o", startedAt: NOON, leaseUntil: CLAIM.leaseUntil };
    expect(seen).toEqual({ result: "committed", claimed: true, item });
  });

  test("is not made if somebody else has committed before", async () => {
    const { attempts: _attempts, ...seen } = await committedWith(7);

    expect(seen).toEqual({ result: "stale", claimed: false, item: null });
  });

  test("is not made of an attempt that was closed before", async () => {
    const { attempts } = await committedWith(7);
    await attempts.close(key, { reason: "cancelled", at: NOON });

    const again = await claimAlong(createWriter(ours), key, CLAIM, commitId("c1"));

    expect([again, (await attempts.read([key]))[0]?.status]).toEqual([false, "revoked"]);
  });
});

describe("runs in the state file", () => {
  test("a load sees what another process has committed, however often the run was read here", async () => {
    const [here, there] = [runsOf(ours), runsOf(theirs)];
    await here.create(aRun(), commitId("c1"));
    const read = await here.load(aRun().runId);
    await here.load(aRun().runId);
    await there.commit(read ?? { value: aRun(), version: 1 }, aRun({ state: "running" }), commitId("c2"));

    expect(await here.load(aRun().runId)).toEqual({ value: aRun({ state: "running" }), version: 2 });
  });

  test("more runs than are kept decoded are all read right", async () => {
    const store = runsOf(ours);
    const ids = Array.from({ length: 200 }, (_, n) => runId(`orders.r${n}`));
    for (const [n, id] of ids.entries()) await store.create(aRun({ runId: id, params: { n } }), commitId(`c${n}`));

    for (let round = 0; round < 2; round++) {
      const found = await Promise.all(ids.map(async (id) => (await store.load(id))?.value.params));
      expect(found).toEqual(ids.map((_, n) => ({ n })));
    }
  });

  test("a record of a newer schema is not read, and says so", async () => {
    const store = runsOf(ours);
    await store.create(aRun({ schema: 2 as never }), commitId("c1"));

    await expect(store.load(aRun().runId)).rejects.toMatchObject({ code: "RECORD_NEWER" });
  });

  test("a record that is no JSON is damaged, and says whose it is", async () => {
    const store = runsOf(ours);
    await store.create(aRun(), commitId("c1"));
    theirs.statement("UPDATE runs SET head = '{'").run();

    await expect(store.load(aRun().runId)).rejects.toMatchObject({
      code: "RECORD_DAMAGED",
      message: expect.stringContaining("orders.run-1") as string,
    });
  });

  test("a page cannot go on from anything but what a page returned", async () => {
    await expect(runsOf(ours).list({ limit: 10, after: "yesterday" })).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("DAGs in the state file", () => {
  test("a record of a newer schema is not read, and says so", async () => {
    const store = createDagStore(ours, createWriter(ours));
    await store.create(aDagRecord({ schema: 2 as never }), commitId("c1"));

    await expect(store.load(aDagRecord().dagId)).rejects.toMatchObject({ code: "RECORD_NEWER" });
  });
});

describe("attempts in the state file", () => {
  const lease = plus(NOON, 90_000);
  const running = (owner: string, leaseUntil = lease): unknown => ({
    status: "running",
    owner,
    startedAt: NOON,
    leaseUntil,
  });

  test("a process that starts ends the leases of owners that are dead, and of no others", async () => {
    const writer = createWriter(ours);
    const store = createAttemptStore(ours, writer);
    const keys = ["old-1", "old-2", "new-1"].map((owner, n) => ({ owner, key: anAttemptKey({ attempt: n + 1 }) }));
    for (const { owner, key } of keys) await store.claim(key, { owner, at: NOON, leaseUntil: lease });
    const now = plus(NOON, 1_000);

    expect(await endLeasesOf(writer, "old-", now)).toBe(2);

    const items = await store.read(keys.map(({ key }) => key));
    expect(items).toEqual([running("old-1", now), running("old-2", now), running("new-1")]);
  });

  test("all leases end where no owner is named; what has ended and what is over already stays as it is", async () => {
    const writer = createWriter(ours);
    const store = createAttemptStore(ours, writer);
    const [live, done, over] = [1, 2, 3].map((attempt) => anAttemptKey({ attempt }));
    if (live === undefined || done === undefined || over === undefined) throw new Error("three keys");
    await store.claim(live, { owner: "a", at: NOON, leaseUntil: lease });
    await store.claim(done, { owner: "b", at: NOON, leaseUntil: lease });
    await store.finish(done, "b", aSuccess(), NOON);
    await store.claim(over, { owner: "c", at: NOON, leaseUntil: NOON });

    expect(await endLeasesOf(writer, "", plus(NOON, 1))).toBe(1);

    expect(await store.read([live, over])).toEqual([running("a", plus(NOON, 1)), running("c", NOON)]);
    expect((await store.read([done]))[0]?.status).toBe("finished");
  });
});

describe("arrivals in the state file", () => {
  test("one that a run has taken stays with that run", async () => {
    const inbox = createInbox(ours, createWriter(ours));
    await inbox.put(anArrival());
    await inbox.take([anArrival()], runId("orders.files-1"));
    await inbox.take([anArrival()], runId("orders.files-2"));

    expect(theirs.statement("SELECT taken_by FROM arrivals").all()).toMatchObject([{ taken_by: "orders.files-1" }]);
  });
});
