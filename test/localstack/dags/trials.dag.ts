/** What the tests of the deployed stack put on trial. */
import { cron, dag, task, type Task } from "freshet";

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
    for (;;) await new Promise((resolve) => setTimeout(resolve, 1_000));
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
