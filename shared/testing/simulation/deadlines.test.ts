import { describe, expect, test } from "vitest";
import { dag, every, task, type Deadline } from "../../dsl/index.ts";
import { simulate } from "../simulate.ts";
import type { SimulateOptions } from "./options.ts";

const load = task("load", { retry: { retries: 1, delay: "1h", jitter: "none" }, run: () => {} });
const nightly = (...deadlines: readonly Deadline[]) =>
  dag("nightly", { schedule: every.day({ at: "04:00" }), deadlines, tasks: [load] });
const DAYS = { from: "2026-03-01", to: "2026-03-03" };

/** The second run is tried twice, which takes more than an hour; the third one fails. */
const ONE_LATE_ONE_FAILS: SimulateOptions = {
  ...DAYS,
  outcomes: {
    load: ({ logicalDate, attempt }) => {
      if (logicalDate === "2026-03-02T00:00:00Z") return "permanent";
      return logicalDate === "2026-03-01T00:00:00Z" && attempt === 1 ? "fail" : "success";
    },
  },
  durations: { load: "5m" },
};

describe("deadlines of a simulated period", () => {
  test("are told of each run, the kept ones too, and how late it was", async () => {
    const { runs } = await simulate(nightly({ name: "early", within: "30m" }), ONE_LATE_ONE_FAILS);

    expect(runs.map(({ state, deadlines }) => [state, ...deadlines])).toEqual([
      ["success", { name: "early", at: "2026-03-01T04:30:00Z", missed: false, lateMs: null }],
      ["success", { name: "early", at: "2026-03-02T04:30:00Z", missed: true, lateMs: 40 * 60_000 }],
      ["failed", { name: "early", at: "2026-03-03T04:30:00Z", missed: true, lateMs: null }],
    ]);
  });

  test("are counted, each by its name", async () => {
    const { totals } = await simulate(nightly({ name: "early", within: "30m" }, { by: "06:00" }), ONE_LATE_ONE_FAILS);

    expect(totals.deadlines).toEqual([
      { name: "early", runs: 3, missed: 2, latestMs: 40 * 60_000 },
      { name: "by 06:00", runs: 3, missed: 1, latestMs: 0 },
    ]);
  });

  test("are missed by a run that waits for its place", async () => {
    const hourly = dag("hourly", {
      schedule: every.hour(),
      overlap: "queue",
      deadlines: [{ within: "30m" }],
      tasks: [task("slow", { executor: "worker", timeout: "2h", run: () => {} })],
    });

    const { runs } = await simulate(hourly, {
      from: "2026-03-01T00:00:00Z",
      to: "2026-03-01T02:00:00Z",
      durations: { slow: "100m" },
    });

    expect(runs.map(({ deadlines }) => deadlines[0])).toMatchObject([
      { at: "2026-03-01T00:30:00Z", missed: true, lateMs: 70 * 60_000 },
      { at: "2026-03-01T01:30:00Z", missed: true, lateMs: 110 * 60_000 },
    ]);
  });

  test("are none of a DAG that has none", async () => {
    const { runs, totals } = await simulate(nightly(), DAYS);

    expect([runs[0]?.deadlines, totals.deadlines]).toEqual([[], []]);
  });
});
