/** What workers are put on trial with. */
import { setTimeout as wait } from "node:timers/promises";
import { cron, dag, pool, task } from "freshet";

const prepare = task("prepare", {
  run: ({ log }) => {
    log.info("prepares", { rows: 3 });
    return { rows: 3 };
  },
});
const crunch = task("crunch", {
  inputs: { prepare },
  executor: "worker",
  run: ({ inputs, log }) => {
    log.info("crunches", { rows: inputs.prepare.rows });
    return inputs.prepare.rows * 2;
  },
});
const report = task("report", { inputs: { crunch }, run: ({ inputs }) => `${inputs.crunch} rows` });

/** A run that mixes executors. */
export const mixed = dag("mixed", { tasks: [prepare, crunch, report] });

const counting = pool("counters", { slots: 2 });

/** Has past dates, and a pool. */
export const daily = dag("daily", {
  schedule: cron("0 4 * * *", { interval: "day" }),
  tasks: [task("count", { pools: [counting], run: () => 1 })],
});

const HOURS = 3_600_000;

const waiting = task("waiting", {
  executor: "worker",
  timeout: "2h",
  run: async ({ attempt, signal }) => {
    if (attempt === 1) await wait(HOURS, undefined, { signal });
    return attempt;
  },
});

/** Its first attempt never ends by itself. */
export const endless = dag("endless", { tasks: [waiting] });
