import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, NOON, aManifest, aSchedule, aTaskSpec } from "../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../test/builders/steered-home.ts";
import { dagId } from "../core/ids.ts";
import type { Manifest } from "../core/manifest.ts";
import type { Run } from "../core/run.ts";
import { iso, plus } from "../core/time.ts";
import { cancelRun } from "./cancel-run.ts";
import {
  backfillRows,
  changeBackfill,
  findBackfill,
  planBackfill,
  startBackfill,
  type BackfillRequest,
} from "./backfill.ts";
import { missingRuns } from "./views/missing.ts";
import { backfillView } from "./views/backfill.ts";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
});
afterEach(async () => {
  await home.close();
});

const ORDERS = dagId("orders");
const MARCH = { dagId: ORDERS, from: "2026-02-01", to: "2026-02-05" };
const deploy = (manifest: Partial<Manifest> = {}) => home.deploy(aManifest({ schedule: aSchedule(), ...manifest }));
const plan = (request: Partial<BackfillRequest> = {}) => planBackfill(home.engine, { ...MARCH, ...request });

async function backfill(request: Partial<BackfillRequest> = {}) {
  const { backfillId } = await startBackfill(home.engine, await plan(request), "ada");
  await home.settle();
  return (await findBackfill(home.engine, backfillId)).value;
}

const day = (run: Run): string => iso(run.logicalDate ?? NOON).slice(0, 10);
const days = async (): Promise<readonly string[]> =>
  (await home.runs()).map((run) => `${day(run)} ${run.runType} ${run.state}`);

describe("a backfill", () => {
  test("makes a run for each date from and to, both included, and says what it did", async () => {
    await deploy();

    const { state, ended, count } = await backfill();

    expect([state, ended, count]).toEqual(["completed", { success: 5, failed: 0, cancelled: 0 }, 5]);
    expect(await days()).toEqual(["01", "02", "03", "04", "05"].map((each) => `2026-02-${each} backfill success`));
  });

  test("by instants leaves out the end", async () => {
    await deploy();

    expect((await plan({ from: "2026-02-01T00:00:00Z", to: "2026-02-05T00:00:00Z" })).count).toBe(4);
  });

  test("leaves runs alone that are there, and says why", async () => {
    await deploy();
    await backfill({ to: "2026-02-02" });

    const { ended, skipped } = await backfill();

    expect([ended.success, skipped]).toEqual([3, [{ from: 0, to: 1, reason: "it has a run: success" }]]);
  });

  test("does again what failed, under the run that is there", async () => {
    await deploy();
    home.play(({ run }) =>
      run.logicalDate === "2026-02-02T00:00:00Z"
        ? { kind: "failed", error: { name: "Error", message: "no", class: "permanent" } }
        : { kind: "success" },
    );
    expect((await backfill()).ended.failed).toBe(1);
    home.play(() => ({ kind: "success" }));

    const rows = await backfillRows(home.engine, await plan({ reprocess: "failed" }));
    expect(rows.map(({ action }) => action)).toEqual(["skip", "clear", "skip", "skip", "skip"]);
    const again = await backfill({ reprocess: "failed" });

    expect([again.ended.success, again.skipped]).toEqual([
      1,
      [
        { from: 0, to: 0, reason: "it has a run that succeeded" },
        { from: 2, to: 4, reason: "it has a run that succeeded" },
      ],
    ]);
    const run = (await home.runs()).find((each) => day(each) === "2026-02-02");
    expect([run?.state, run?.epoch, (await home.engine.dags.load(ORDERS))?.value.active]).toEqual(["success", 1, []]);
  });

  test("does all again that has ended, and makes what is missing", async () => {
    await deploy();
    await backfill({ to: "2026-02-02" });

    expect((await backfill({ reprocess: "completed" })).ended.success).toBe(5);
    expect((await home.runs()).map(({ epoch }) => epoch)).toEqual([1, 1, 0, 0, 0]);
  });

  test("makes up for what was missed alone", async () => {
    await deploy();
    home.sleepTo(plus(NOON, 4 * DAY_MS));
    await home.passTo(plus(NOON, 4 * DAY_MS + HOUR_MS));
    expect(await missingRuns(home.engine, 9)).toHaveLength(3);

    const { startBackfill: start } = { startBackfill };
    const planned = await planBackfill(home.engine, { dagId: ORDERS, onlyMissed: true });
    await start(home.engine, planned, "ada");
    await home.settle();

    expect(planned.count).toBe(3);
    expect(await missingRuns(home.engine, 9)).toEqual([]);
  });

  test("runs some tasks alone, which do not wait for the others", async () => {
    await deploy({ tasks: [aTaskSpec("a"), aTaskSpec("b", { after: ["a"] }), aTaskSpec("c", { after: ["b"] })] });
    const seen: string[] = [];
    home.play(({ key }) => {
      if (!seen.includes(key.taskId)) seen.push(key.taskId);
      return { kind: "success" };
    });

    expect((await backfill({ tasks: ["b+"], to: "2026-02-01" })).ended.success).toBe(1);
    expect(seen).toEqual(["b", "c"]);
  });

  test("has places of its own: a run of the schedule does not wait for it", async () => {
    await deploy();
    home.play(({ run }) => (run.runType === "backfill" ? "never" : { kind: "success" }));
    const { active } = await backfill({ parallel: 3 });
    expect(active).toHaveLength(3);

    await home.passTo(plus(NOON, DAY_MS));
    expect((await days()).filter((text) => text.endsWith("scheduled success"))).toHaveLength(1);
  });

  test("is paused, resumed and cancelled by hand", async () => {
    await deploy();
    home.play(() => "never");
    const { backfillId } = await backfill({ parallel: 1 });
    const signed = { by: "ada", reason: "month end" };
    await changeBackfill(home.engine, backfillId, { type: "pause", ...signed });
    const [first] = await home.runs();
    await cancelRun(home.engine, first?.runId ?? ("" as Run["runId"]), "ada", "");
    await home.settle();
    expect((await findBackfill(home.engine, backfillId)).value).toMatchObject({
      state: "paused",
      taken: 1,
      active: [],
    });

    await changeBackfill(home.engine, backfillId, { type: "resume", ...signed });
    await changeBackfill(home.engine, backfillId, { type: "cancel", ...signed });
    await home.settle();
    const { state, active, due } = (await findBackfill(home.engine, backfillId)).value;
    expect([state, active, due]).toEqual(["cancelled", [], null]);
    const acts = await home.engine.audit.list({ kind: "backfill", id: backfillId }, 10);
    expect(acts.map(({ by, action, before, after }) => [by, action, before.state, after.state])).toEqual([
      ["ada", "cancel", "running", "cancelled"],
      ["ada", "resume", "paused", "running"],
      ["ada", "pause", "running", "paused"],
    ]);
    expect(await days()).toEqual(["2026-02-01 backfill cancelled", "2026-02-02 backfill cancelled"]);
    await expect(changeBackfill(home.engine, backfillId, { type: "pause", ...signed })).rejects.toMatchObject({
      code: "BACKFILL_REFUSED",
    });
  });

  test("that is cancelled starts no date any more, not even one that somebody was about to start", async () => {
    await deploy();
    const reached = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<void>();
    const create: typeof home.engine.runs.create = async (...run) => {
      reached.resolve();
      await cancelled.promise;
      return home.engine.runs.create(...run);
    };
    const starting = startBackfill(
      { ...home.engine, runs: { ...home.engine.runs, create } },
      await plan({ parallel: 1 }),
      "ada",
    );
    await reached.promise;
    const [open] = await home.engine.backfills.list({ limit: 1 });
    await changeBackfill(home.engine, open?.backfillId ?? "", { type: "cancel", by: "ada", reason: "" });

    cancelled.resolve();
    await starting;
    await home.settle();

    const { active, ended } = (await findBackfill(home.engine, open?.backfillId ?? "")).value;
    expect([active, ended.cancelled]).toEqual([[], 1]);
    expect(await days()).toEqual(["2026-02-01 backfill cancelled"]);
  });

  test("goes on after everything that was on its way is lost", async () => {
    await deploy();
    const { backfillId } = await startBackfill(home.engine, await plan({ parallel: 2 }), "ada");
    home.sleepTo(plus(NOON, HOUR_MS / 12));
    await home.passTo(plus(NOON, 6 * HOUR_MS));

    expect((await findBackfill(home.engine, backfillId)).value).toMatchObject({
      state: "completed",
      ended: { success: 5 },
    });
  });

  test("shows how far it is, and when it will be done", async () => {
    await deploy();
    home.play(({ run }) => (run.logicalDate === "2026-02-03T00:00:00Z" ? "never" : { kind: "success" }));
    await backfill({ to: "2026-02-02" });
    const { backfillId } = await backfill({ parallel: 1 });

    const view = await backfillView(home.engine, (await findBackfill(home.engine, backfillId)).value);
    expect(view).toMatchObject({ state: "running", count: 5, success: 0, running: 1, left: 2, skippedCount: 2 });
    expect(view.skipped).toEqual([
      { logicalDate: "2026-02-01T00:00:00Z", reason: "it has a run: success" },
      { logicalDate: "2026-02-02T00:00:00Z", reason: "it has a run: success" },
    ]);
    expect(view.estimatedEnd).not.toBeNull();
  });
});

describe("where the environment holds thirty days alone,", () => {
  // From NOON of 2 March: what ended before noon of 31 January is not there.
  const HELD = { dataWindowMs: 30 * DAY_MS };

  test("a backfill leaves out what ended before, and says so", async () => {
    await deploy(HELD);

    const { plan: planned, count, notes } = await plan({ from: "2026-01-28" });

    expect([count, notes]).toEqual([
      6,
      ["3 of the dates are left out: outside of the data window: the environment holds the last 30d"],
    ]);
    expect(planned.spans.map(({ start }) => iso(start))).toEqual(["2026-01-31T00:00:00Z"]);
  });

  test("a backfill of nothing but that is refused", async () => {
    await deploy(HELD);

    await expect(plan({ from: "2026-01-01", to: "2026-01-05" })).rejects.toMatchObject({
      code: "BACKFILL_REFUSED",
      message: "all of the dates are outside of the data window: the environment holds the last 30d",
    });
  });

  test("what was passed over for it is listed with that reason, and not made up for", async () => {
    await deploy({
      ...HELD,
      catchup: { windowMs: 400 * DAY_MS },
      overlap: "queue",
      schedule: aSchedule({ start: plus(NOON, -40 * DAY_MS) }),
    });
    const missing = await missingRuns(home.engine, 100, ORDERS);

    expect(new Set(missing.map(({ reason }) => reason))).toEqual(
      new Set(["outside of the data window: the environment holds the last 30d"]),
    );
    await expect(plan({ from: "2026-01-01", onlyMissed: true })).rejects.toMatchObject({ code: "BACKFILL_REFUSED" });
  });
});

describe("a backfill is refused", () => {
  const refusal = async (request: Partial<BackfillRequest>): Promise<unknown> =>
    plan(request).then(
      () => "accepted",
      (error: unknown) => `${(error as { code: string }).code} ${(error as Error).message}`,
    );

  test("of a DAG without a schedule", async () => {
    await deploy({ schedule: null });
    expect(await refusal({})).toBe(
      "BACKFILL_REFUSED dag 'orders' has no schedule, and so no dates to make up for; `freshet trigger orders` starts a run",
    );
  });

  test.each<[string, Partial<BackfillRequest>, RegExp]>([
    [
      "start after end",
      { from: "2026-02-05", to: "2026-02-01" },
      /^USAGE from is 2026-02-05, which is not before to, 2026-02-01$/,
    ],
    [
      "30 February",
      { to: "2026-02-30" },
      /^USAGE to is '2026-02-30', a day that does not exist; the last of that month is 2026-02-28$/,
    ],
    [
      "the future",
      { from: "2030-01-01", to: "2030-02-01" },
      /^BACKFILL_REFUSED 2030-01-01T00:00:00Z lies in the future/,
    ],
    [
      "dates that the schedule has not",
      { from: "2026-02-01T01:00:00Z", to: "2026-02-01T02:00:00Z" },
      /no interval that is over begins from/,
    ],
    ["nothing missed", { onlyMissed: true }, /^BACKFILL_REFUSED no date was passed over from/],
    [
      "an unknown task",
      { tasks: ["extrat"] },
      /^TASK_NOT_FOUND dag 'orders' has no task 'extrat'; did you mean 'extract'\?/,
    ],
  ])("of %s", async (_what, request, message) => {
    await deploy();
    expect(await refusal(request)).toMatch(message);
  });

  test("while another one is at work on some of its dates", async () => {
    await deploy();
    home.play(() => "never");
    const { backfillId } = await backfill();

    expect(await refusal({ from: "2026-02-05", to: "2026-02-09" })).toContain(`backfill '${backfillId}' is running`);
    expect(await refusal({ from: "2026-02-06", to: "2026-02-09" })).toBe("accepted");
  });
});
