/** Backfills that run again what is there: under which version, with what trace, and what they do when somebody was faster. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aManifest, aSchedule, aTaskSpec } from "../../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../../test/builders/steered-home.ts";
import { dagId, type PoolId } from "../../core/ids.ts";
import type { Manifest } from "../../core/manifest.ts";
import { plus } from "../../core/time.ts";
import { changeBackfill, findBackfill, planBackfill, startBackfill, type BackfillRequest } from "../backfill.ts";
import { backfillView } from "../views/backfill.ts";
import { operateDag, operateRun } from "../operate.ts";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
});
afterEach(async () => {
  await home.close();
});

const ORDERS = dagId("orders");
const DAYS = { dagId: ORDERS, from: "2026-02-01", to: "2026-02-03" };
const deploy = (manifest: Partial<Manifest> = {}) => home.deploy(aManifest({ schedule: aSchedule(), ...manifest }));

async function start(request: Partial<BackfillRequest> = {}) {
  const planned = await planBackfill(home.engine, { ...DAYS, ...request });
  return (await startBackfill(home.engine, planned, "ada")).backfillId;
}
async function backfill(request: Partial<BackfillRequest> = {}) {
  const id = await start(request);
  await home.settle();
  return (await findBackfill(home.engine, id)).value;
}
const signed = { by: "ada", reason: "" };
const hold = async (type: "pause" | "resume") => {
  await operateDag(home.engine, { dagId: ORDERS, action: { type }, ...signed });
  await home.settle();
};

describe("runs that a backfill opens again", () => {
  test("are written down with who, which backfill, and the states before and after", async () => {
    await deploy();
    await backfill();

    const { backfillId } = await backfill({ reprocess: "completed" });

    const [run] = await home.runs();
    const [entry] = run === undefined ? [] : await home.engine.audit.list({ kind: "run", id: run.runId }, 5);
    expect(entry).toMatchObject({
      by: "ada",
      reason: backfillId,
      action: "backfill --reprocess completed",
      before: { state: "success" },
      after: { state: "running" },
    });
  });

  test("keep their version, and by --latest get the newest", async () => {
    await deploy({ tasks: [aTaskSpec("load")] });
    await backfill();
    const versions = async () => new Set((await home.runs()).map(({ version }) => version));
    const [old] = await versions();
    await deploy({ tasks: [aTaskSpec("load"), aTaskSpec("check", { after: ["load"] })] });
    const newest = (await home.engine.dags.load(ORDERS))?.value.version;

    await backfill({ reprocess: "completed" });
    expect(await versions()).toEqual(new Set([old]));
    expect((await backfill({ reprocess: "completed", latest: true })).ended.success).toBe(3);
    expect(await versions()).toEqual(new Set([newest]));
  });

  test("get the params that were given, and keep the others", async () => {
    await deploy({ params: { schema: {}, defaults: { day: "monday", full: false } } as unknown as Manifest["params"] });
    await backfill();

    const planned = await planBackfill(home.engine, { ...DAYS, reprocess: "completed" });
    await startBackfill(home.engine, { ...planned, plan: { ...planned.plan, params: { full: true } } }, "ada");
    await home.settle();

    expect((await home.runs()).map(({ params }) => params)[0]).toEqual({ day: "monday", full: true });
  });

  test("do not hold up a backfill of which nothing is to run again", async () => {
    await deploy({ tasks: [aTaskSpec("load"), aTaskSpec("other")] });
    home.play(({ key }) =>
      key.taskId === "load"
        ? { kind: "failed", error: { name: "Error", message: "no", class: "permanent" } }
        : { kind: "success" },
    );
    await backfill();

    const { state, skipped } = await backfill({ reprocess: "failed", tasks: ["other"] });

    expect([state, skipped]).toEqual(["completed", [{ from: 0, to: 2, reason: "nothing of its run is to run again" }]]);
  });

  test("are left to somebody who was faster", async () => {
    await deploy();
    await backfill();
    const planned = await planBackfill(home.engine, { ...DAYS, to: "2026-02-01", reprocess: "completed" });
    const [run] = await home.runs();
    if (run === undefined) throw new Error("there is a run");
    const { engine } = home;
    const load = engine.runs.load.bind(engine.runs);
    let cleared = false;
    const runs = {
      ...engine.runs,
      // Between the look at the run and the word to it somebody clears it.
      load: async (id: typeof run.runId) => {
        const found = await load(id);
        if (!cleared && id === run.runId) {
          cleared = true;
          const selection = { tasks: [], upstream: false, downstream: false, onlyFailed: false };
          await operateRun(engine, { runId: run.runId, action: { type: "clear", selection }, ...signed });
        }
        return found;
      },
    };
    const { backfillId } = await startBackfill({ ...engine, runs }, planned, "ada");
    await home.settle();

    const { state, skipped } = (await findBackfill(home.engine, backfillId)).value;
    expect([cleared, state, skipped[0]?.reason]).toEqual([true, "completed", expect.stringMatching(/^it has a run/)]);
  });
});

test("a run that a backfill was about to open again as it was cancelled stays as it is", async () => {
  await deploy();
  await backfill();
  const reached = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const commit: SteeredHome["engine"]["runs"]["commit"] = async (...given) => {
    reached.resolve();
    await cancelled.promise;
    return home.engine.runs.commit(...given);
  };
  const planned = await planBackfill(home.engine, { ...DAYS, to: "2026-02-01", reprocess: "completed" });
  const slow = { ...home.engine, runs: { ...home.engine.runs, commit } };
  const starting = startBackfill(slow, planned, "ada");
  await reached.promise;
  const open = (await home.engine.backfills.list({ limit: 5 })).find(({ state }) => state === "running");
  await changeBackfill(home.engine, open?.backfillId ?? "", { type: "cancel", ...signed });

  cancelled.resolve();
  await starting;
  await home.settle();

  const [run] = await home.runs();
  const { active, state } = (await findBackfill(home.engine, open?.backfillId ?? "")).value;
  expect([run?.state, run?.epoch, active, state]).toEqual(["success", 0, [], "cancelled"]);
});

describe("a backfill of a paused DAG", () => {
  test("takes up no date, says so, and goes on once the DAG is resumed", async () => {
    await deploy();
    await hold("pause");
    const waiting = await backfill();
    const view = await backfillView(home.engine, waiting);
    expect([waiting.taken, waiting.state, view.dagPaused?.by]).toEqual([0, "running", "ada"]);

    await hold("resume");

    expect((await findBackfill(home.engine, waiting.backfillId)).value.ended.success).toBe(3);
  });

  test("lets what is at work go on", async () => {
    await deploy();
    const id = await start({ parallel: 1 });
    await operateDag(home.engine, { dagId: ORDERS, action: { type: "pause" }, ...signed });
    await home.settle();

    const { ended, active, taken } = (await findBackfill(home.engine, id)).value;
    expect([ended.success, active.length, taken]).toEqual([1, 0, 1]);
  });
});

test("a DAG that pauses itself is found where people's acts are kept", async () => {
  await deploy({ pauseAfterFailures: 1, catchup: { windowMs: 1e12 }, overlap: "queue" });
  home.play(() => ({ kind: "failed", error: { name: "Error", message: "no", class: "permanent" } }));
  await home.passTo((home.now() + 86_400_000) as ReturnType<SteeredHome["now"]>);

  const acts = await home.engine.audit.list({ kind: "dag", id: ORDERS }, 5);
  expect(acts).toMatchObject([
    { by: "freshet", action: "pause", reason: expect.stringMatching(/failed$/), after: { paused: true } },
  ]);
});

describe("a backfill with a pool of its own", () => {
  const POOLS = { pools: [{ pool: "night" as PoolId, slots: 1 }] };

  test("runs no more tasks at the same time than the pool has slots", async () => {
    await deploy(POOLS);
    const pools = new Set<number>();
    const seen = new Set<string>();
    home.play(({ key }) => {
      seen.add(key.runId);
      return { kind: "success" };
    });
    const watch = home.engine.pools.commit.bind(home.engine.pools);
    Object.assign(home.engine.pools, {
      commit: (...args: Parameters<typeof watch>) => {
        pools.add(args[1].entries.reduce((sum, { granted, released }) => sum + granted - released, 0));
        return watch(...args);
      },
    });

    const { ended } = await backfill({ pool: "night" });

    expect([ended.success, seen.size, Math.max(...pools)]).toEqual([3, 3, 1]);
  });

  test("is refused if there is no such pool", async () => {
    await deploy(POOLS);

    await expect(start({ pool: "nigth" })).rejects.toThrow(/no pool 'nigth'; did you mean 'night'/);
  });
});

test("a date that was left out since its run was at work is not opened again by who comes late", async () => {
  await deploy();
  await backfill({ to: "2026-02-01" });
  const [run] = await home.runs();
  if (run === undefined) throw new Error("there is a run");
  const held = Promise.withResolvers<void>();
  const { engine } = home;
  const load: SteeredHome["engine"]["runs"]["load"] = async (id) => {
    await held.promise;
    return engine.runs.load(id);
  };
  const planned = await planBackfill(engine, { ...DAYS, to: "2026-02-01", reprocess: "completed" });
  const selection = { tasks: [], upstream: false, downstream: false, onlyFailed: false };
  home.play(() => "never");
  await operateRun(engine, { runId: run.runId, action: { type: "clear", selection }, ...signed });
  await home.settle();

  // Whoever started it stands still; the sweep finds the run at work; then that ends.
  const starting = startBackfill({ ...engine, runs: { ...engine.runs, load } }, planned, "ada");
  await home.passTo(plus(home.now(), 300_000));
  await operateRun(engine, { runId: run.runId, action: { type: "mark", to: "success", selection }, ...signed });
  await home.settle();
  held.resolve();
  const { backfillId } = await starting;
  await home.settle();

  const [after] = await home.runs();
  const { state, skipped } = (await findBackfill(engine, backfillId)).value;
  expect([after?.state, after?.epoch, state, skipped[0]?.reason]).toEqual([
    "success",
    1,
    "completed",
    "it has a run that is running",
  ]);
});
