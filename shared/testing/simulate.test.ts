import { describe, expect, test } from "vitest";
import {
  arrival,
  branch,
  dag,
  every,
  map,
  pool,
  shortCircuit,
  task,
  triggerDag,
  type DagOptions,
} from "../dsl/index.ts";
import type { AttemptToScript, SimulateOptions } from "./simulation/options.ts";
import type { SimulatedRun } from "./simulation/result.ts";
import { simulate } from "./simulate.ts";

const extract = task("extract", { retry: { retries: 2, delay: "10m", jitter: "none" }, run: () => ({ rows: 1 }) });
const load = task("load", { inputs: { extract }, run: () => {} });
const publish = task("publish", { after: [load], run: () => {} });

const nightly = (options: Partial<DagOptions<undefined>> = {}) =>
  dag("nightly", {
    schedule: every.day({ at: "04:00" }),
    timezone: "Europe/London",
    tasks: [extract, load, publish],
    ...options,
  });
const DAYS = { from: "2026-03-01", to: "2026-03-03" };

const statesOf = (run: SimulatedRun | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((run?.tasks ?? []).map(({ taskId, state }) => [taskId, state]));
const endsOf = (run: SimulatedRun | undefined, id: string): readonly string[] =>
  run?.tasks.find(({ taskId }) => taskId === id)?.attempts.map(({ ended }) => ended) ?? [];

describe("a period passes", () => {
  test("each firing makes a run, at its time to the millisecond", async () => {
    const { runs } = await simulate(nightly(), { ...DAYS, durations: { "*": "5m" } });

    expect(runs.map(({ logicalDate, startedAt, endedAt, state }) => [logicalDate, startedAt, endedAt, state])).toEqual([
      ["2026-02-28T00:00:00Z", "2026-03-01T04:00:00Z", "2026-03-01T04:15:00Z", "success"],
      ["2026-03-01T00:00:00Z", "2026-03-02T04:00:00Z", "2026-03-02T04:15:00Z", "success"],
      ["2026-03-02T00:00:00Z", "2026-03-03T04:00:00Z", "2026-03-03T04:15:00Z", "success"],
    ]);
  });

  test("a task that starts a run of another DAG ends by its own script", async () => {
    const other = triggerDag("other", { dag: "elsewhere" });
    const { runs } = await simulate(dag("parent", { schedule: every.day({ at: "04:00" }), tasks: [other] }), {
      ...DAYS,
      outcomes: { other: "fail" },
    });

    expect(statesOf(runs[0])).toEqual({ other: "failed" });
  });

  test("a firing at the very start belongs to it, one at its end does not", async () => {
    const { runs } = await simulate(nightly(), { from: "2026-03-01T04:00:00Z", to: "2026-03-03T04:00:00Z" });

    expect(runs.map(({ startedAt }) => startedAt)).toEqual(["2026-03-01T04:00:00Z", "2026-03-02T04:00:00Z"]);
  });

  test("without a firing nothing happens", async () => {
    const { runs, totals } = await simulate(nightly(), { from: "2026-03-01T05:00:00Z", to: "2026-03-01T06:00:00Z" });

    expect([runs, totals.attempts]).toEqual([[], 0]);
  });

  test("the same seed gives the same, another one something else", async () => {
    const options: SimulateOptions = { ...DAYS, fail: { "*": 0.3 }, durations: { "*": "5m±4m" }, lostWorker: 0.1 };

    const [first, again, other] = [
      await simulate(nightly(), { ...options, seed: 7 }),
      await simulate(nightly(), { ...options, seed: 7 }),
      await simulate(nightly(), { ...options, seed: 8 }),
    ];

    expect(again).toEqual(first);
    expect(other.runs).not.toEqual(first.runs);
  });

  test("two runs never overlap where one may be active", async () => {
    const slow = task("slow", { timeout: "14m", run: () => {} });
    const quarterly = dag("quarterly", { schedule: every.minutes(10), tasks: [slow] });

    const { totals, passedOver, runs } = await simulate(quarterly, {
      from: "2026-03-01T00:00:00Z",
      to: "2026-03-01T01:00:00Z",
      durations: { slow: "13m" },
    });

    expect([totals.activeRunsMax, totals.passedOver, totals.waitMsMax]).toEqual([1, 1, 9 * 60_000]);
    expect(runs.map(({ startedAt }) => startedAt?.slice(11, 16))).toEqual([
      "00:00",
      "00:13",
      "00:26",
      "00:39",
      "00:52",
    ]);
    expect(passedOver.map(({ due }) => due.slice(11, 16))).toEqual(["00:40"]);
  });

  test("runs may overlap where several may be active", async () => {
    const slow = task("slow", { timeout: "14m", run: () => {} });
    const wide = dag("wide", { schedule: every.minutes(10), maxActiveRuns: 2, tasks: [slow] });

    const { totals } = await simulate(wide, {
      from: "2026-03-01T00:00:00Z",
      to: "2026-03-01T01:00:00Z",
      durations: { slow: "13m" },
    });

    expect([totals.activeRunsMax, totals.passedOver]).toEqual([2, 0]);
  });
});

describe("outcomes are scripted", () => {
  test("an extract that finds bad data quarantines: it is not tried again, and nothing is published", async () => {
    const { runs } = await simulate(nightly(), {
      ...DAYS,
      outcomes: { extract: { outcome: "quarantine", message: "no rows" } },
    });

    expect(statesOf(runs[0])).toEqual({ extract: "failed", load: "upstream_failed", publish: "upstream_failed" });
    expect(endsOf(runs[0], "extract")).toEqual(["failed"]);
    expect(runs[0]?.cause).toBe("task 'extract' failed: Quarantine: no rows");
  });

  test("a list says what each attempt does; the attempts after it are drawn", async () => {
    const { runs, totals } = await simulate(nightly(), {
      ...DAYS,
      durations: { "*": "1m" },
      outcomes: { extract: ["fail", "fail"] },
    });

    expect(endsOf(runs[0], "extract")).toEqual(["failed", "failed", "success"]);
    // A minute, 10 minutes, a minute, 20 minutes, and three minutes to the end.
    expect(runs[0]?.endedAt).toBe("2026-03-01T04:35:00Z");
    expect([totals.retries, totals.tasks[0]?.retries]).toEqual([6, 6]);
  });

  test("a function says it for each attempt of each run", async () => {
    const { runs } = await simulate(nightly(), {
      ...DAYS,
      outcomes: { load: ({ logicalDate }) => (logicalDate === "2026-03-01T00:00:00Z" ? "skip" : undefined) },
    });

    expect(runs.map((run) => statesOf(run)["load"])).toEqual(["success", "skipped", "success"]);
  });

  test("an attempt that takes longer than its timeout is ended and tried again", async () => {
    const { runs, totals } = await simulate(nightly(), { ...DAYS, outcomes: { extract: [{ takes: "2h" }] } });

    expect(endsOf(runs[0], "extract")).toEqual(["failed", "success"]);
    expect(totals.timeouts).toBe(3);
  });

  test("a lost worker costs none of the task's retries", async () => {
    const { runs, totals } = await simulate(nightly(), { ...DAYS, outcomes: { load: ["lost"] } });

    expect(endsOf(runs[0], "load")).toEqual(["lost", "success"]);
    expect([totals.lost, totals.retries]).toEqual([3, 0]);
  });

  test("a branch chooses by the script, and by chance without one", async () => {
    const pick = branch("pick", { run: () => "left" });
    const left = task("left", { after: [pick], run: () => {} });
    const right = task("right", { after: [pick], run: () => {} });
    const forked = dag("forked", { schedule: every.day(), tasks: [left, right] });

    const scripted = await simulate(forked, { ...DAYS, outcomes: { pick: { choose: ["right"] } } });
    const drawn = await simulate(forked, { from: "2026-01-01", to: "2026-03-01" });

    expect(statesOf(scripted.runs[0])).toEqual({ pick: "success", left: "skipped", right: "success" });
    expect(new Set(drawn.runs.map((run) => statesOf(run)["left"]))).toEqual(new Set(["success", "skipped"]));
  });

  test("a short circuit goes on unless it is told otherwise", async () => {
    const open = shortCircuit("open", { run: () => true });
    const gated = dag("gated", { schedule: every.day(), tasks: [task("work", { after: [open], run: () => {} })] });

    const { runs } = await simulate(gated, { ...DAYS, outcomes: { open: [{ proceed: false }] } });

    expect(statesOf(runs[0])).toEqual({ open: "success", work: "skipped" });
  });

  test("no code of the DAG runs", async () => {
    const bomb = task("bomb", {
      run: () => {
        throw new Error("it ran");
      },
    });

    const { totals } = await simulate(dag("bombs", { schedule: every.day(), tasks: [bomb] }), DAYS);

    expect(totals.states).toEqual({ success: 3, failed: 0, cancelled: 0 });
  });
});

describe("outcomes are drawn", () => {
  test("about as many attempts fail as the probability says", async () => {
    const { totals } = await simulate(nightly(), { from: "2026-01-01", to: "2026-12-31", fail: { extract: 0.2 } });

    const extracted = totals.tasks[0];
    expect(totals.runs).toBe(365);
    expect(extracted?.retries).toBeGreaterThan(365 * 0.15);
    expect(extracted?.retries).toBeLessThan(365 * 0.35);
  });

  test("a chance of 1 always fails", async () => {
    const { totals } = await simulate(nightly(), { ...DAYS, fail: { "*": 1 } });

    expect(totals.states.failed).toBe(3);
  });

  test("what is said of one task does not change what is drawn for another", async () => {
    const options = { ...DAYS, durations: { "*": "5m±4m" } };
    const [plain, skipping] = [
      await simulate(nightly(), options),
      await simulate(nightly(), { ...options, durations: { ...options.durations, publish: "9m" } }),
    ];

    const loadsOf = (runs: readonly SimulatedRun[]) =>
      runs.map((run) => run.tasks.find(({ taskId }) => taskId === "load")?.attempts);
    expect(loadsOf(skipping.runs)).toEqual(loadsOf(plain.runs));
  });
});

test("a year of a daily DAG of ten tasks takes less than three seconds of a core", async () => {
  const tasks = Array.from({ length: 10 }, (_, index) => task(`t${index}`, { retry: { retries: 2 }, run: () => {} }));
  const daily = dag("daily", { schedule: every.day(), tasks });
  const before = process.cpuUsage();

  const { totals } = await simulate(daily, {
    from: "2026-01-01",
    to: "2026-12-31",
    fail: { "*": 0.05 },
    lostWorker: 0.005,
  });

  expect(totals.runs).toBe(365);
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(3);
});

describe("the longest path", () => {
  test("is what a run had to wait for", async () => {
    const quick = task("quick", { run: () => {} });
    const slow = task("slow", { run: () => {} });
    const both = task("both", { after: [quick, slow], run: () => {} });

    const { longestPaths } = await simulate(dag("diamond", { schedule: every.day(), tasks: [both] }), {
      ...DAYS,
      durations: { slow: "7m", quick: "2m" },
    });

    expect(longestPaths).toEqual([{ tasks: ["slow", "both"], runs: 3, medianMs: 480_000, longestMs: 480_000 }]);
  });
});

describe("a mapped task", () => {
  const shards = task("shards", { run: () => [1, 2, 3] });
  const work = map("work", { over: shards, key: (item) => `shard-${item}`, run: ({ item }) => item });
  const merge = task("merge", { inputs: { work }, run: ({ inputs }) => inputs.work.length });
  const mapped = dag("mapped", { schedule: every.day(), tasks: [merge] });
  const DAY = { from: "2026-03-01", to: "2026-03-01" };

  test("has as many instances as the list has items", async () => {
    const { runs, totals } = await simulate(mapped, { ...DAY, widths: { shards: 5 } });

    expect(runs[0]?.tasks.map(({ taskId, mapIndex, state }) => [taskId, mapIndex, state])).toEqual([
      ["shards", null, "success"],
      ["work", null, "success"],
      ...[0, 1, 2, 3, 4].map((index) => ["work", index, "success"]),
      ["merge", null, "success"],
    ]);
    expect(totals.tasks.map(({ taskId, attempts }) => [taskId, attempts])).toEqual([
      ["shards", 1],
      ["work", 5],
      ["merge", 1],
    ]);
    expect(runs[0]?.longestPath).toEqual(["shards", "work", "merge"]);
  });

  test("may have one instance that fails", async () => {
    const outcomes = { work: ({ mapIndex }: AttemptToScript) => (mapIndex === 2 ? ("permanent" as const) : undefined) };

    const { runs, totals } = await simulate(mapped, { ...DAY, outcomes });

    expect(runs[0]?.state).toBe("failed");
    expect(totals.tasks[1]?.states).toEqual({ success: 2, failed: 1 });
  });

  test("is skipped over an empty list", async () => {
    const { runs } = await simulate(mapped, { ...DAY, outcomes: { shards: { output: [] } } });

    expect(statesOf(runs[0])).toEqual({ shards: "success", work: "skipped", merge: "skipped" });
  });

  test("is refused a width where there is no list", async () => {
    await expect(simulate(mapped, { ...DAY, widths: { merge: 3 } })).rejects.toThrow(
      "widths: no task is mapped over 'merge'; there are lists of shards",
    );
  });
});

describe("pools and limits", () => {
  const warehouse = pool("warehouse", { slots: 4 });
  const loads = ["a", "b", "c", "d"].map((id) => task(id, { pools: [warehouse], run: () => {} }));

  test("tasks wait for the limit that is narrow, and for no other", async () => {
    const limited = dag("limited", { schedule: every.day(), maxActiveTasks: 2, tasks: loads });

    const { totals, runs } = await simulate(limited, { ...DAYS, to: "2026-03-01", durations: { "*": "10m" } });

    expect(totals.pools.map(({ name, waits, longestMs }) => [name, waits, longestMs])).toEqual([
      ["dag:limited", 2, 600_000],
      ["warehouse", 0, 0],
    ]);
    expect(runs[0]?.endedAt).toBe("2026-03-01T00:20:00Z");
  });

  test("a pool may be narrower than it is declared", async () => {
    const loading = dag("loading", { schedule: every.day(), tasks: loads });

    const { totals } = await simulate(loading, {
      ...DAYS,
      to: "2026-03-01",
      durations: { "*": "10m" },
      pools: { warehouse: 1 },
    });

    expect(totals.pools).toEqual([
      { name: "warehouse", slots: 1, waits: 3, medianMs: 1_200_000, longestMs: 1_800_000 },
    ]);
  });
});

describe("a DAG without a schedule", () => {
  const orders = arrival("orders", { bucket: "lake", prefix: "raw/", suffix: ".csv", debounce: "60s", maxWait: "10m" });
  const arriving = dag("arriving", { triggers: [orders], tasks: [load] });

  test("starts when somebody starts it", async () => {
    const { runs } = await simulate(dag("asked", { tasks: [load] }), { ...DAYS, starts: ["2026-03-02T09:30"] });

    expect(runs.map(({ runType, startedAt }) => [runType, startedAt])).toEqual([["manual", "2026-03-02T09:30:00Z"]]);
  });

  test("starts when files arrive, those that come together in one run", async () => {
    const arrivals = [
      { at: "2026-03-02T09:00" },
      { at: "2026-03-02T09:00:30" },
      { at: "2026-03-03T09:00", key: "raw/late.csv" },
    ];

    const { runs } = await simulate(arriving, { ...DAYS, arrivals });

    expect(runs.map(({ runType, startedAt }) => [runType, startedAt])).toEqual([
      ["event", "2026-03-02T09:01:30Z"],
      ["event", "2026-03-03T09:01:00Z"],
    ]);
  });

  test("says what to do where nothing would start", async () => {
    await expect(simulate(arriving, DAYS)).rejects.toThrow(
      "dag 'arriving' cannot be simulated so; it has no schedule, so no run would start: let files arrive for 'orders', with arrivals, or say when somebody starts one, with starts, or give it a schedule",
    );
  });
});
