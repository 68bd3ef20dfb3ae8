import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, NOON, aManifest, aSchedule, aTaskSpec } from "../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../test/builders/steered-home.ts";
import { dagId, runId } from "../core/ids.ts";
import { iso, plus } from "../core/time.ts";
import { FreshetError } from "../core/errors.ts";
import { deliverBackfill } from "./deliver/backfill.ts";
import { advanceRun } from "./advance.ts";
import { findBackfill, planBackfill, startBackfill } from "./backfill.ts";
import { operateRun } from "./operate.ts";
import { readRun, whyView } from "./views/runs.ts";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
});
afterEach(async () => {
  await home.close();
});

const FIRST = runId("orders.scheduled.20260302T000000Z");
const SECOND = runId("orders.scheduled.20260303T000000Z");
const FAILED = { kind: "failed", error: { name: "Error", message: "no", class: "permanent" } } as const;
const unreachable = () => new FreshetError("UNAVAILABLE", "the store cannot be reached");
const days = async (): Promise<readonly string[]> =>
  (await home.runs()).map((run) => `${iso(run.logicalDate ?? NOON).slice(0, 10)} ${run.state}`);

function deploy(dependsOnPast: "task" | "downstream", maxActiveRuns = 3) {
  const tasks = [aTaskSpec("extract", { dependsOnPast }), aTaskSpec("load", { after: ["extract"] })];
  return home.deploy(aManifest({ schedule: aSchedule(), overlap: "queue", maxActiveRuns, tasks }));
}

describe("a task that depends on its past", () => {
  test("waits until it has succeeded in the run before, which an operator may bring about", async () => {
    await deploy("task");
    home.play(({ key }) => (key.runId === FIRST && key.taskId === "extract" ? FAILED : { kind: "success" }));
    await home.passTo(plus(NOON, 3 * DAY_MS));
    expect(await days()).toEqual(["2026-03-02 failed", "2026-03-03 running", "2026-03-04 running"]);
    const { tasks } = whyView(await readRun(home.engine, SECOND), home.now());
    expect(tasks[0]?.why).toBe(`waits for 'extract' in the run before, ${FIRST}, to have succeeded or been skipped`);

    home.play(() => ({ kind: "success" }));
    const selection = { tasks: [], upstream: false, downstream: false, onlyFailed: false };
    await operateRun(home.engine, { runId: FIRST, action: { type: "clear", selection }, by: "ada", reason: "" });
    await home.passTo(plus(NOON, 3 * DAY_MS + HOUR_MS));
    expect(await days()).toEqual(["2026-03-02 success", "2026-03-03 success", "2026-03-04 success"]);
  });

  test("goes on as soon as the run before has ended", async () => {
    await deploy("task");
    home.play(({ key }) => (key.runId === FIRST && key.taskId === "extract" ? "never" : { kind: "success" }));
    await home.passTo(plus(NOON, 2 * DAY_MS));
    expect((await days()).at(-1)).toBe("2026-03-03 running");

    const selection = {
      tasks: [{ taskId: "extract", mapIndex: null }],
      upstream: false,
      downstream: false,
      onlyFailed: false,
    };
    await operateRun(home.engine, {
      runId: FIRST,
      action: { type: "mark", selection, to: "success" },
      by: "ada",
      reason: "",
    });
    await home.settle();
    await home.passTo(plus(NOON, 2 * DAY_MS + 10 * MINUTE_MS));
    expect(await days()).toEqual(["2026-03-02 success", "2026-03-03 success"]);
  });

  test("with waitForDownstream waits for what comes directly after it, too", async () => {
    await deploy("downstream");
    home.play(({ key }) => (key.runId === FIRST && key.taskId === "load" ? FAILED : { kind: "success" }));
    await home.passTo(plus(NOON, 2 * DAY_MS));

    expect(await days()).toEqual(["2026-03-02 failed", "2026-03-03 running"]);
  });
});

describe("a backfill of such a DAG", () => {
  const MARCH = { dagId: dagId("orders"), from: "2026-02-01", to: "2026-02-03" };
  const states = async (more: object) => {
    const { backfillId } = await startBackfill(
      home.engine,
      await planBackfill(home.engine, { ...MARCH, ...more }),
      "ada",
    );
    await home.settle();
    await home.passTo(plus(NOON, HOUR_MS));
    void (await findBackfill(home.engine, backfillId));
    return days();
  };

  test("respects it, or not if it is told so", async () => {
    await deploy("task");
    home.play(({ run }) => (run.logicalDate === "2026-02-01T00:00:00Z" ? FAILED : { kind: "success" }));

    expect(await states({})).toEqual(["2026-02-01 failed", "2026-02-02 running", "2026-02-03 running"]);
  });

  test("keeps the second of two dates waiting whose run is there before that of the first", async () => {
    await deploy("task");
    const first = runId("orders.scheduled.20260201T000000Z");
    const { engine } = home;
    const runs: typeof engine.runs = {
      ...engine.runs,
      create: (run, commitId) =>
        run.runId === first ? Promise.reject(unreachable()) : engine.runs.create(run, commitId),
    };
    const plan = await planBackfill(engine, { ...MARCH, parallel: 2 });
    await startBackfill({ ...engine, runs }, plan, "ada").catch(() => undefined);
    const [backfill] = await engine.backfills.list({ limit: 1 });
    const second = backfill?.active[1];
    if (backfill === undefined || second === undefined) throw new TypeError("the backfill has not taken two dates");

    const answers = await deliverBackfill(engine, backfill, [{ type: "start_date", date: second }]);
    for (const answer of answers) if (answer.kind === "run") await advanceRun(engine, answer.id, [answer.event]);
    await home.settle();

    expect(await days()).toEqual(["2026-02-02 running"]);
  });

  test("with the flag runs them all", async () => {
    await deploy("task");
    home.play(({ run }) => (run.logicalDate === "2026-02-01T00:00:00Z" ? FAILED : { kind: "success" }));

    expect(await states({ ignoreDependsOnPast: true })).toEqual([
      "2026-02-01 failed",
      "2026-02-02 success",
      "2026-02-03 success",
    ]);
  });

  test("is refused in another order than the oldest first", async () => {
    await deploy("task");

    await expect(planBackfill(home.engine, { ...MARCH, order: "newest" })).rejects.toThrow(
      "task 'extract' waits for the run before, which comes after it in the order 'newest'",
    );
  });
});
