/** What the clock starts each minute: a long chain, wide fan-outs, and pipelines that fail a lot. */
import { branch, cron, dag, optional, task, type Task } from "freshet";
import { work, type Output } from "./lib/work.ts";

const MANY_AT_ONCE = 40;
const MINUTELY = { schedule: cron("* * * * *"), maxActiveRuns: MANY_AT_ONCE } as const;
const QUICK = { ms: [5, 120], fails: 0.06 } as const;

const CHAIN = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;

function chain(id: string) {
  const tasks: Task<string, Output>[] = [];
  for (const name of CHAIN) {
    const above = tasks.at(-1);
    const inputs = above === undefined ? {} : { [above.id]: above };
    tasks.push(task<string, Record<string, Task>, Output>(name, { inputs, run: work(name, QUICK) }));
  }
  return dag(id, {
    ...MINUTELY,
    defaults: { retry: { retries: 3, delay: "200ms", backoff: 1 }, timeout: "30s" },
    tasks,
  });
}

export const chain1 = chain("minutely_chain_1");
export const chain2 = chain("minutely_chain_2");
export const chain3 = chain("minutely_chain_3");

function fanOut(id: string) {
  const first = task("first", { run: work("first", QUICK) });
  const wide = Array.from({ length: 24 }, (_, n) =>
    task(`wide${n}`, { inputs: { first }, run: work(`wide${n}`, { ms: [5, 200], fails: 0.05 }) }),
  );
  const inputs = Object.fromEntries(wide.map((upstream) => [upstream.id, upstream]));
  const last = task("last", { inputs, run: work("last", QUICK) });
  return dag(id, {
    ...MINUTELY,
    defaults: { retry: { retries: 4, delay: "100ms", backoff: 1 }, timeout: "30s" },
    tasks: [first, ...wide, last],
  });
}

export const fanOut1 = fanOut("minutely_fan_out_1");
export const fanOut2 = fanOut("minutely_fan_out_2");
export const fanOut3 = fanOut("minutely_fan_out_3");

const UNSURE = { ms: [10, 150], fails: 0.35 } as const;
const source = task("source", { run: work("source", QUICK), retry: { retries: 5, delay: "50ms" } });
const unsure = task("unsure", {
  inputs: { source },
  run: work("unsure", UNSURE),
  onRetry: () => undefined,
  onSuccess: () => undefined,
  onFailure: () => undefined,
});
const side = task("side", { inputs: { source }, run: work("side", UNSURE), allowFailure: true });
const merged = task("merged", {
  inputs: { source, unsure: optional(unsure) },
  run: work("merged", { ms: [10, 50] }),
});
const way = branch("way", {
  after: [merged],
  choices: ["left", "right"],
  run: ({ run }) => ((run.logicalDate?.getUTCMinutes() ?? 0) % 2 === 0 ? "left" : "right"),
});
const left = task("left", { after: [way], run: work("left", UNSURE) });
const right = task("right", { after: [way], run: work("right", UNSURE) });
const joined = task("joined", {
  after: [left, right, side],
  rule: "none_failed_min_one_success",
  run: work("joined", QUICK),
});

export const unsureDag = dag("minutely_unsure", {
  ...MINUTELY,
  defaults: { retry: { retries: 2, delay: "150ms" }, timeout: "30s" },
  onFailure: () => undefined,
  tasks: [joined],
});

const one = task("one", { run: work("one", { ms: [500, 3_000] }) });
const two = task("two", { inputs: { one }, run: work("two", { ms: [500, 3_000], fails: 0.2 }) });

export const serial = dag("minutely_serial", {
  schedule: cron("* * * * *"),
  maxActiveRuns: 1,
  defaults: { retry: { retries: 2, delay: "1s" }, timeout: "30s" },
  tasks: [two],
});
