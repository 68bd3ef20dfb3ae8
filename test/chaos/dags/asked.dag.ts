/** What people start, and sometimes cancel. */
import { dag, setup, task, teardown } from "freshet";
import { work } from "./lib/work.ts";

const RETRY = { retries: 3, delay: "200ms", backoff: 1 } as const;

const make = setup("make", { run: work("make", { ms: [20, 100] }), retry: RETRY });
const parts = ["part0", "part1", "part2"].map((id) =>
  task(id, { after: [make], run: work(id, { ms: [300, 2_000], fails: 0.1 }), retry: RETRY, timeout: "20s" }),
);
const whole = task("whole", { after: parts, run: work("whole", { ms: [20, 100] }), retry: RETRY });
const remove = teardown("remove", {
  of: [make],
  after: [whole],
  run: work("remove", { ms: [20, 100], fails: 0.2 }),
  retry: RETRY,
});

export const project = dag("asked_project", { maxActiveRuns: 8, tasks: [remove] });

const late = task("late", {
  run: work("late", { ms: [100, 500], late: 0.3 }),
  timeout: "1s",
  retry: { retries: 1, delay: "100ms" },
});
const deaf = task("deaf", { run: work("deaf", { ms: [100, 500], deaf: 0.1 }), timeout: "1s" });
const frozen = task("frozen", { run: work("frozen", { ms: [100, 500], frozen: 0.25 }), timeout: "2s" });
const after = task("after", { after: [late, deaf, frozen], rule: "all_done", run: work("after", { ms: [5, 20] }) });

export const stuck = dag("asked_stuck", { maxActiveRuns: 6, timeout: "5m", tasks: [after] });
