/** What files start. */
import { arrival, dag, task } from "freshet";
import { work } from "./lib/work.ts";

const RETRY = { retries: 3, delay: "100ms", backoff: 1 } as const;

const dropped = arrival("dropped", {
  bucket: "chaos",
  prefix: "in/",
  suffix: ".csv",
  debounce: "400ms",
  maxWait: "2s",
  maxFiles: 5,
});

const read = task("read", { run: work("read", { ms: [10, 200], fails: 0.05 }), retry: RETRY });
const parts = Array.from({ length: 6 }, (_, n) =>
  task(`part${n}`, { inputs: { read }, run: work(`part${n}`, { ms: [10, 150], fails: 0.2 }), retry: RETRY }),
);
const keep = task("keep", {
  inputs: Object.fromEntries(parts.map((part) => [part.id, part])),
  run: work("keep", { ms: [10, 200], fails: 0.05 }),
  retry: RETRY,
});

export const arriving = dag("arriving", { triggers: [dropped], maxActiveRuns: 8, tasks: [keep] });
