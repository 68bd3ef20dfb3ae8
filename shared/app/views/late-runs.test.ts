import { expect, test } from "vitest";
import { MINUTE_MS, NOON, aRun } from "../../../test/builders/index.ts";
import { runId } from "../../core/ids.ts";
import type { Run } from "../../core/run.ts";
import { plus } from "../../core/time.ts";
import type { RunStore } from "../../ports/run-store.ts";
import { LATE_LOOKED_THROUGH_MAX, lateRuns } from "./late-runs.ts";

/** A store that lists these, and counts its pages. */
function listing(runs: readonly Run[]): Pick<RunStore, "list"> & { pages: number } {
  const store = {
    pages: 0,
    list: async ({ limit, after = "0" }: Parameters<RunStore["list"]>[0]) => {
      store.pages += 1;
      const end = Number(after) + limit;
      return { runs: runs.slice(Number(after), end), ...(end < runs.length ? { next: String(end) } : {}) };
    },
  };
  return store;
}
const run = (name: string, overrides: Partial<Run> = {}): Run => aRun({ runId: runId(`orders.${name}`), ...overrides });
const passed = plus(NOON, -MINUTE_MS);

test("runs are late that have missed a deadline, or whose deadline has passed unnoted", async () => {
  const runs = [
    run("none"),
    run("noted", { deadlines: [{ name: "a", at: passed, missedAt: passed }] }),
    run("passed", { deadlines: [{ name: "a", at: passed }] }),
    run("ahead", { deadlines: [{ name: "a", at: plus(NOON, 1) }] }),
  ];

  const late = await lateRuns(listing(runs), { limit: 10 }, NOON);

  expect(late.map((each) => each.runId)).toEqual(["orders.noted", "orders.passed"]);
});

test("they are looked for page by page, up to a bound", async () => {
  const store = listing(Array.from({ length: LATE_LOOKED_THROUGH_MAX * 2 }, (_, index) => run(`r${index}`)));

  const late = await lateRuns(store, { limit: 10 }, NOON);

  expect([late.length, store.pages]).toEqual([0, 10]);
});

test("no more are looked for than are asked for", async () => {
  const deadlines = [{ name: "a", at: passed }];
  const store = listing(Array.from({ length: 500 }, (_, index) => run(`r${index}`, { deadlines })));

  const late = await lateRuns(store, { limit: 3 }, NOON);

  expect([late.length, store.pages]).toEqual([3, 1]);
});
