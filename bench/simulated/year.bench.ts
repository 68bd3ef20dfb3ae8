import { dag, every, task, type Task } from "../../shared/dsl/index.ts";
import { simulate } from "../../shared/testing/index.ts";
import { lineOf, type BenchLine } from "../line.ts";

export const name = "simulate_year";

const TASKS = 10;
const TIMES = 5;

/** A year of a daily DAG of ten tasks, with failures, retries and lost workers: how long `freshet simulate` lets one wait. */
export async function run(): Promise<readonly BenchLine[]> {
  const samplesMs: number[] = [];
  let [attempts, runs] = [0, 0];
  for (let seed = 0; seed <= TIMES; seed++) {
    const start = performance.now();
    const { totals } = await simulate(daily(), {
      from: "2026-01-01",
      to: "2026-12-31",
      seed,
      fail: { "*": 0.05 },
      durations: { "*": "5m±4m" },
      lostWorker: 0.005,
    });
    // The first one pays for loading the code.
    if (seed === 0) continue;
    samplesMs.push(performance.now() - start);
    attempts += totals.attempts;
    runs += totals.runs;
  }
  const totalMs = samplesMs.reduce((sum, ms) => sum + ms, 0);
  return [
    lineOf({
      workload: name,
      n: TASKS,
      durability: "none",
      samplesMs,
      totalMs,
      tasks: attempts,
      notes: { runsAYear: runs / TIMES, attemptsAYear: Math.round(attempts / TIMES) },
    }),
    await hourlyYear(),
  ];
}

/** A year of an hourly DAG that makes up for what it missed: 8,760 runs. */
async function hourlyYear(): Promise<BenchLine> {
  const samplesMs: number[] = [];
  let runs = 0;
  for (let round = 0; round <= TIMES; round++) {
    const work = task("work", { run: () => {} });
    const hourly = dag("hourly", { schedule: every.hour({ minute: 5 }), catchup: true, tasks: [work] });
    const start = performance.now();
    const { totals } = await simulate(hourly, { from: "2026-01-01", to: "2026-12-31" });
    if (round === 0) continue;
    samplesMs.push(performance.now() - start);
    runs = totals.runs;
  }
  const totalMs = samplesMs.reduce((sum, ms) => sum + ms, 0);
  const workload = "simulate_hourly_year";
  return lineOf({ workload, n: runs, durability: "none", samplesMs, totalMs, tasks: runs * TIMES });
}

/** Each task but the first comes after one or two before it. */
function daily() {
  const tasks: Task[] = [];
  for (let index = 0; index < TASKS; index++) {
    const after = [tasks[Math.floor((index - 1) / 2)], tasks[index - 2]].filter((before) => before !== undefined);
    tasks.push(task(`task_${index}`, { after, retry: { retries: 2, delay: "5m" }, run: () => {} }));
  }
  return dag("daily", { schedule: every.day({ at: "04:00" }), timezone: "Europe/London", tasks });
}
