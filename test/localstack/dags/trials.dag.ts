/** What the tests of the deployed stack put on trial. */
import { setTimeout as wait } from "node:timers/promises";
import { cron, dag, map, pool, task, type Task } from "freshet";

/** Fires by the real rule, each minute. */
export const minutely = dag("minutely", {
  schedule: cron("* * * * *"),
  tasks: [task("tell", { run: () => "the minute has come" })],
});

const LINKS = 40;

type Link = Task<string, number>;

/** Longer than the sixteen hops after which Lambda takes a chain of functions for a loop. */
function links(): readonly Link[] {
  const chained: Link[] = [task("link_01", { run: () => 1 }) as Link];
  for (let number = 2; number <= LINKS; number++) {
    const count = chained[number - 2] as Link;
    const id = `link_${String(number).padStart(2, "0")}`;
    chained.push(task(id, { inputs: { count }, run: ({ inputs }) => inputs.count + 1 }) as Link);
  }
  return chained;
}

export const chain = dag("chain", { tasks: links() });

const flaky = task("flaky", {
  retry: { retries: 2, delay: "1s", jitter: "none" },
  run: ({ attempt }) => {
    if (attempt < 2) throw new Error("not yet");
    return attempt;
  },
});

const slow = task("slow", {
  timeout: "2s",
  allowFailure: true,
  run: async () => {
    for (;;) await wait(1_000);
  },
});

/** Takes its whole function with it, the first time. */
const dies = task("dies", {
  timeout: "3s",
  run: ({ attempt, log }) => {
    log.info("about to", { attempt });
    if (attempt === 1) process.kill(process.pid, "SIGKILL");
    return attempt;
  },
});

export const trouble = dag("trouble", { tasks: [flaky, slow, dies] });

/** More at once than there are slots, in a pool that two runs share. */
const narrow = pool("narrow", { slots: 3 });
const use = async (): Promise<void> => wait(700);

export const pooled = dag("pooled", {
  maxActiveRuns: 2,
  tasks: [
    ...["one", "two", "three", "four"].map((id) => task(id, { pools: [narrow], run: use })),
    task("wide", { pools: [{ pool: narrow, slots: 2 }], run: use }),
  ],
});

/** More instances than one record holds. */
const WIDTH = 600;
const numbers = task("numbers", { run: () => Array.from({ length: WIDTH }, (_, number) => number) });
const square = map("square", { over: numbers, run: ({ item }) => item * item });
const sum = task("sum", {
  inputs: { square },
  run: ({ inputs }) => inputs.square.reduce((total, number) => total + number, 0),
});

export const wide = dag("wide", { tasks: [numbers, square, sum] });

/** Its first try takes so long that somebody clears it meanwhile; what that try gives must reach nobody. */
const draft = task("draft", {
  run: async ({ attempt }) => {
    if (attempt === 1) await wait(20_000);
    return `draft ${attempt}`;
  },
});
const letter = task("letter", { inputs: { draft }, run: ({ inputs }) => `letter from ${inputs.draft}` });

export const cleared = dag("cleared", { tasks: [draft, letter] });

/** With a function and a queue of its own, which a test can hold up. */
const remote = task("remote", { resources: { memoryMb: 512 }, run: ({ attempt }) => attempt });

export const undelivered = dag("undelivered", { tasks: [remote] });
