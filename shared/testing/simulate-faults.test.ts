import { describe, expect, test } from "vitest";
import { dag, every, task } from "../dsl/index.ts";
import type { SimulateOptions } from "./simulation/options.ts";
import { simulate } from "./simulate.ts";

const extract = task("extract", { run: () => ({ rows: 1 }) });
const load = task("load", { inputs: { extract }, run: () => {} });
const publish = task("publish", { after: [load], run: () => {} });
const nightly = dag("nightly", { schedule: every.day({ at: "04:00" }), tasks: [extract, load, publish] });
const DAYS = { from: "2026-03-01", to: "2026-03-03" };

describe("what cannot be simulated", () => {
  const messageOf = async (options: object): Promise<string> => {
    const error = await simulate(nightly, options as SimulateOptions).catch((thrown: unknown) => thrown);
    return error instanceof Error ? error.message : "it was taken";
  };

  test("is told all in one pass", async () => {
    expect(
      await messageOf({
        from: "2026-03-31",
        to: "2026-03-01",
        fail: { extrct: 0.1, load: 1.5 },
        durations: { publish: "soon", load: "1m±2m" },
        outcomes: { publish: "sucess", loda: "fail" },
        lostWorker: Number.NaN,
        seed: 1.5,
        sed: 1,
      }),
    ).toBe(`dag 'nightly' cannot be simulated so; 10 mistakes:
- there is no option 'sed'; did you mean 'seed'?
- to: the period ends before it starts: from 2026-03-31 to 2026-03-01
- fail: dag 'nightly' has no task 'extrct'; did you mean 'extract'?
- fail: the probability of 'load' is 1.5; expected a number from 0 to 1
- durations: the duration of 'publish' is 'soon'; expected a duration such as "5m" or "5m±2m"
- durations: the duration of 'load' is '1m±2m'; expected a duration such as "5m" or "5m±2m"
- outcomes: task 'publish' ends by 'sucess'; expected success, fail, skip, permanent, quarantine, timeout, lost; did you mean 'success'?
- outcomes: dag 'nightly' has no task 'loda'; did you mean 'load'?
- seed: it is 1.5; expected a whole number from 0
- lostWorker: the probability is NaN; expected a number from 0 to 1`);
  });

  test.each([
    [{}, "from: it is missing; expected a date or an instant"],
    [{ from: "2026-02-30", to: "2026-03-01" }, "from: it is '2026-02-30'; a day that does not exist"],
    [
      { ...DAYS, outcomes: { load: "fail" }, fail: { load: 0.5 } },
      "fail: task 'load' has an outcome for every attempt already",
    ],
    [{ ...DAYS, outcomes: { load: { choose: ["publish"] } } }, "task 'load' is no branch"],
    [{ ...DAYS, outcomes: { load: { output: new Date(0) } } }, "the output of task 'load' is not JSON"],
    [{ ...DAYS, starts: ["2027-01-01T00:00:00Z"] }, "starts: 2027-01-01T00:00:00Z lies outside of the period"],
    [{ ...DAYS, arrivals: [{ at: "2026-03-02" }] }, "arrivals: dag 'nightly' has no trigger that waits for files"],
    [{ ...DAYS, outcomes: { load: () => "sucess" } }, "task 'load' ends by 'sucess'"],
  ])("%o", async (options, message) => {
    expect(await messageOf(options)).toContain(message);
  });

  test("a function that throws ends the simulation with its error", async () => {
    const outcomes = {
      load: () => {
        throw new RangeError("no such day");
      },
    };

    await expect(simulate(nightly, { ...DAYS, outcomes })).rejects.toThrow(new RangeError("no such day"));
  });

  test("a period with too many firings is refused", async () => {
    const often = dag("often", { schedule: every("1m"), tasks: [load] });

    await expect(simulate(often, { from: "2026-01-01", to: "2026-12-31" })).rejects.toThrow(
      "fires more than 20000 times",
    );
  });

  test("a DAG with mistakes is refused with them", async () => {
    await expect(
      simulate(dag("bad", { schedule: every.day({ at: "25:00" }), tasks: [load] }), DAYS),
    ).rejects.toMatchObject({
      code: "INVALID_DAG",
    });
  });
});
