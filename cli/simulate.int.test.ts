import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Simulation } from "../shared/testing/index.ts";
import { aCommandLine, type CommandLine } from "../test/builders/command-line.ts";

let line: CommandLine;
beforeEach(async () => {
  line = await aCommandLine();
});
afterEach(async () => {
  await line.close();
});

const PERIOD = ["--from", "2026-03-28", "--to", "2026-03-30"];

describe("freshet simulate", () => {
  test("gives programs the runs, their tasks and the totals", async () => {
    const { exit, out, err } = await line.withFixtures(
      "simulate",
      "sums",
      ...PERIOD,
      "--outcome",
      "numbers=fail,success",
      "--json",
    );

    const simulation = JSON.parse(out) as Simulation;
    expect([exit, err]).toEqual([0, ""]);
    expect(simulation.seed).toBe(1);
    expect(simulation.runs.map(({ runId, logicalDate, state }) => [runId, logicalDate, state])).toEqual([
      ["sums.scheduled.20260327T000000Z", "2026-03-27T00:00:00Z", "failed"],
      ["sums.scheduled.20260328T000000Z", "2026-03-28T00:00:00Z", "failed"],
      ["sums.scheduled.20260329T000000Z", "2026-03-29T00:00:00Z", "failed"],
    ]);
    expect(simulation.runs[2]).toMatchObject({
      startedAt: "2026-03-30T03:00:00Z",
      endedAt: "2026-03-30T03:01:00Z",
      degraded: false,
      tasks: [
        { taskId: "numbers", state: "failed" },
        { taskId: "sum", state: "upstream_failed" },
      ],
    });
    expect(simulation.totals).toMatchObject({ runs: 3, states: { success: 0, failed: 3 } });
  });

  test("shows people the outcome, the longest path, and a run as bars", async () => {
    const { exit, out } = await line.withFixtures("simulate", "sums", ...PERIOD, "--duration", "sum=3m", "--seed", "4");

    expect(exit).toBe(0);
    expect(out).toBe(`sums, 2026-03-28T00:00:00Z to 2026-03-30T23:00:00Z: 3 runs, seed 4
  outcome       3 success
  length        median 4m, 9 of 10 within 4m, longest 4m
  attempts      6
  at once       1 run
  longest path  numbers → sum (3 runs, median 4m, longest 4m)

Each run: . success, d degraded, F failed, C cancelled
  2026-03-28T04:00  ...

sums.scheduled.20260327T000000Z success, 2026-03-28T04:00:00Z to 2026-03-28T04:04:00Z (4m)
  numbers  ██████████████████                                                        1m
  sum                        ██████████████████████████████████████████████████████  3m
  █ success, x failed, ? worker lost, ░ skipped, · waits to be tried again
`);
  });

  test("the same seed prints the same", async () => {
    const drawn = ["--fail", "*:0.5", "--duration", "*=5m+-4m", "--lost-worker", "0.1", "--seed", "11"];

    const [first, again] = [
      await line.withFixtures("simulate", "sums", ...PERIOD, ...drawn),
      await line.withFixtures("simulate", "sums", ...PERIOD, ...drawn),
    ];

    expect(again).toEqual(first);
  });

  test("starts by hand, and by files that arrive", async () => {
    const started = await line.withFixtures("simulate", "flaky", ...PERIOD, "--start", "2026-03-29T12:00", "--json");
    const arrived = await line.withFixtures(
      "simulate",
      "arrivals",
      ...PERIOD,
      "--arrive",
      "files=2026-03-29T12:00",
      "--json",
    );

    expect((JSON.parse(started.out) as Simulation).runs.map(({ startedAt }) => startedAt)).toEqual([
      "2026-03-29T12:00:00Z",
    ]);
    expect((JSON.parse(arrived.out) as Simulation).runs.map(({ startedAt }) => startedAt)).toEqual([
      "2026-03-29T12:00:30Z",
    ]);
  });

  test("a period in which nothing falls due says so", async () => {
    const { exit, out } = await line.withFixtures(
      "simulate",
      "sums",
      "--from",
      "2026-03-28T05:00",
      "--to",
      "2026-03-28T06:00",
    );

    expect([exit, out]).toEqual([0, expect.stringContaining("Nothing falls due in this period.") as string]);
  });

  test("everything that is wrong is told in one pass", async () => {
    const { exit, err } = await line.withFixtures(
      "simulate",
      "sums",
      "--from",
      "2026-03-30",
      "--to",
      "2026-03-28",
      "--fail",
      "nubmers:0.1",
      "--fail",
      "sum:1.5",
      "--fail",
      "sum",
      "--outcome",
      "sum=maybe",
      "--duration",
      "sum=long",
      "--lost-worker",
      "often",
      "--seed",
      "-1",
      "--pool",
      "warehouse=2",
    );

    expect(exit).toBe(2);
    expect(err).toBe(`error[USAGE]: dag 'sums' cannot be simulated so; 10 mistakes:
     - --fail: 'sum'; expected TASK:PROBABILITY, such as extract:0.1
     - --to: the period ends before it starts: from 2026-03-30 to 2026-03-28
     - --fail: dag 'sums' has no task 'nubmers'; did you mean 'numbers'?
     - --fail: the probability of 'sum' is 1.5; expected a number from 0 to 1
     - --duration: the duration of 'sum' is 'long'; expected a duration such as "5m" or "5m±2m"
     - --outcome: task 'sum' ends by 'maybe'; expected success, fail, skip, permanent, quarantine, timeout, lost
     - --fail: task 'sum' has an outcome for every attempt already; leave out one of the two
     - --pool: dag 'sums' uses no pool 'warehouse'; it uses none
     - --seed: it is -1; expected a whole number from 0
     - --lost-worker: the probability is often; expected a number from 0 to 1
`);
  });

  test("a DAG without a schedule says what to do", async () => {
    const { exit, err } = await line.withFixtures("simulate", "flaky", ...PERIOD);

    expect(exit).toBe(2);
    expect(err).toContain(
      "it has no schedule, so no run would start: say when somebody starts one, with --start, or give it a schedule",
    );
  });

  test("an unknown DAG is told with the nearest", async () => {
    const { exit, err } = await line.withFixtures("simulate", "sum", ...PERIOD);

    expect([exit, err]).toEqual([1, expect.stringContaining("did you mean 'sums'?") as string]);
  });
});
