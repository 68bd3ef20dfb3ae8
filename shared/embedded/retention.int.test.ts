import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aDagRecord,
  aFolder,
  anArrival,
  anAttemptKey,
  aRun,
  aSuccess,
  aTaskTable,
  DAY_MS,
  NOON,
} from "../../test/builders/index.ts";
import { versionHash, type CommitId, type RunId } from "../core/ids.ts";
import { chunkRunId } from "../core/run-id.ts";
import type { Run } from "../core/run.ts";
import { plus, type Instant } from "../core/time.ts";
import { createAttemptStore } from "./state/attempt-store.ts";
import { createDagStore } from "./state/dag-store.ts";
import { openDatabase, type Database } from "./state/database.ts";
import { createInbox } from "./state/inbox.ts";
import { createRetention, RUNS_KEPT_MIN, type Forgotten } from "./retention.ts";
import { createRunStore } from "./state/run-store.ts";
import { versionThere } from "./files/watch-bucket.ts";
import { createWriter, type Writer } from "./state/writer.ts";

/** What had ended before then is forgotten. */
const BEFORE = NOON;
const LONG_AGO = plus(NOON, -100 * DAY_MS);
const commit = "c1" as CommitId;

let folder: Awaited<ReturnType<typeof aFolder>>;
let database: Database;
let writer: Writer;
beforeEach(async () => {
  folder = await aFolder();
  database = openDatabase(join(folder.path, "state.db"));
  writer = createWriter(database);
});
afterEach(async () => {
  database.close();
  await folder.remove();
});

const runs = (): ReturnType<typeof createRunStore> => createRunStore(database, writer);
const forget = (signal = new AbortController().signal): Promise<Forgotten> =>
  createRetention({
    database,
    writer,
    dags: createDagStore(database, writer),
    versionThere: (bucket, key) => versionThere(join(folder.path, "buckets"), bucket, key),
    folders: [join(folder.path, "logs")],
  }).forget(BEFORE, signal);

const anEndedRun = (name: string, endedAt: Instant, overrides: Partial<Run> = {}): Run =>
  aRun({
    runId: `orders.${name}` as RunId,
    state: "success",
    queuedAt: endedAt,
    endedAt,
    tasks: aTaskTable(["success"]),
    ...overrides,
  });

/** As many as stay of each DAG and type, all of them newer than what a test is about. */
async function putNewerRuns(runType: Run["runType"] = "manual"): Promise<void> {
  for (let index = 0; index < RUNS_KEPT_MIN; index++) {
    const at = plus(LONG_AGO, index + 1);
    await runs().create(anEndedRun(`newer-${runType}-${index}`, at, { runType, logicalDate: null }), commit);
  }
}
const isThere = async (run: Run): Promise<boolean> => (await runs().load(run.runId)) !== undefined;

describe("a run that ended long ago", () => {
  test("is forgotten, with its attempts, its chunks and theirs", async () => {
    await putNewerRuns();
    const run = anEndedRun("old", LONG_AGO);
    const chunk = anEndedRun("chunk", LONG_AGO, {
      runId: chunkRunId(run.runId, 1, 0),
      origin: { kind: "chunk", parent: run.runId, number: 1, index: 0, taskId: "load" } as Run["origin"],
    });
    const attempts = createAttemptStore(database, writer);
    for (const each of [run, chunk]) {
      await runs().create(each, commit);
      const key = anAttemptKey({ runId: each.runId });
      await attempts.claim(key, { owner: "me", at: LONG_AGO, leaseUntil: LONG_AGO });
      await attempts.finish(key, "me", aSuccess(), LONG_AGO);
    }

    const { runs: forgotten } = await forget();

    const left = [await attempts.list(run.runId), await attempts.list(chunk.runId)];
    expect([forgotten, await isThere(run), await isThere(chunk), left]).toEqual([1, false, false, [[], []]]);
  });

  test("stays as one of the newest of its DAG and type", async () => {
    const run = anEndedRun("old", LONG_AGO);
    await runs().create(run, commit);
    await putNewerRuns("scheduled");

    expect([(await forget()).runs, await isThere(run)]).toEqual([0, true]);
  });

  test("stays while effects of it are on their way", async () => {
    await putNewerRuns();
    const run = anEndedRun("old", LONG_AGO, { due: NOON });
    await runs().create(run, commit);

    expect([(await forget()).runs, await isThere(run)]).toEqual([0, true]);
  });

  test("stays while a chunk of it is at work", async () => {
    await putNewerRuns();
    const run = anEndedRun("old", LONG_AGO);
    const chunk = anEndedRun("chunk", LONG_AGO, {
      runId: chunkRunId(run.runId, 1, 0),
      state: "running",
      endedAt: null,
      origin: { kind: "chunk", parent: run.runId, number: 1, index: 0, taskId: "load" } as Run["origin"],
    });
    for (const each of [run, chunk]) await runs().create(each, commit);

    expect([(await forget()).runs, await isThere(run)]).toEqual([0, true]);
  });

  test("stays while it makes up for a date that was passed over", async () => {
    await putNewerRuns("backfill");
    const interval = { start: plus(LONG_AGO, -DAY_MS), end: LONG_AGO };
    const dated = { runType: "backfill", logicalDate: interval.start, dataInterval: interval } as const;
    const run = anEndedRun("old", LONG_AGO, dated);
    await runs().create(run, commit);
    const gap = { version: versionHash("a".repeat(64)), from: LONG_AGO, to: plus(LONG_AGO, DAY_MS) };
    await createDagStore(database, writer).create(aDagRecord({ gaps: [gap] }), commit);

    expect([(await forget()).runs, await isThere(run)]).toEqual([0, true]);
  });
});

test("a run that ended lately stays, however long ago it was queued, and so does one that is at work", async () => {
  await putNewerRuns();
  const lately = anEndedRun("lately", plus(BEFORE, 1), { queuedAt: LONG_AGO, logicalDate: LONG_AGO });
  const working = anEndedRun("working", LONG_AGO, { state: "running", endedAt: null });
  for (const run of [lately, working]) await runs().create(run, commit);

  expect([(await forget()).runs, await isThere(lately), await isThere(working)]).toEqual([0, true, true]);
});

test("a pass over more runs than a page has forgets all of them, and one that was stopped none", async () => {
  await putNewerRuns();
  for (let index = 0; index < 450; index++) await runs().create(anEndedRun(`old-${index}`, LONG_AGO), commit);

  const stopped = await forget(AbortSignal.abort());
  const whole = await forget();

  expect([stopped.runs, whole.runs]).toEqual([0, 450]);
});

describe("an arrival that was taken long ago", () => {
  const key = "in/a.csv";
  const file = (): string => join(folder.path, "buckets/data-lake", key);
  const put = async (version: string): Promise<void> => {
    const inbox = createInbox(database, writer);
    const arrival = anArrival({ object: { bucket: "data-lake", key, version }, at: LONG_AGO });
    await inbox.put(arrival);
    await inbox.take([arrival], "orders.files.000001" as RunId);
  };
  const write = (): string => {
    mkdirSync(join(file(), ".."), { recursive: true });
    writeFileSync(file(), "id\n1\n");
    return versionThere(join(folder.path, "buckets"), "data-lake", key) ?? "";
  };

  test("is forgotten once its object is gone, or another one lies there", async () => {
    await put("gone");
    expect((await forget()).arrivals).toBe(1);

    await put("before");
    write();
    expect((await forget()).arrivals).toBe(1);
  });

  test("stays while its object lies there, or its run is known: it would arrive again", async () => {
    await put(write());
    expect((await forget()).arrivals).toBe(0);

    await runs().create(anEndedRun("files.000001", LONG_AGO), commit);
    await put("gone");
    expect((await forget()).arrivals).toBe(0);
  });
});

test("a folder of no run goes once nothing has been made in it for so long", async () => {
  const run = anEndedRun("known", LONG_AGO);
  await runs().create(run, commit);
  const made = (name: string, at: Instant): string => {
    const path = join(folder.path, "logs", name);
    mkdirSync(path, { recursive: true });
    utimesSync(path, at / 1000, at / 1000);
    return path;
  };
  const paths = [made("orders.trial.1", LONG_AGO), made("orders.trial.2", plus(BEFORE, 1)), made(run.runId, LONG_AGO)];

  const { folders } = await forget();

  expect([folders, paths.map((path) => existsSync(path))]).toEqual([1, [false, true, true]]);
});
