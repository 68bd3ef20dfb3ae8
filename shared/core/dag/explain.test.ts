import { expect, test } from "vitest";
import { HOUR_MS, NOON, aDagRecord, aManifest, aSchedule, anActiveRun } from "../../../test/builders/index.ts";
import type { DagRecord } from "../dag-record.ts";
import { runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { iso, plus } from "../time.ts";
import { explainDag } from "./explain.ts";

const LATE = plus(NOON, -8 * HOUR_MS);
const explain = (dag: Partial<DagRecord>, manifest: Partial<Manifest> = {}) => {
  const { standing, why, nextRun } = explainDag(
    aDagRecord(dag),
    aManifest({ schedule: aSchedule(), ...manifest }),
    NOON,
  );
  return { standing, why: why.join("; "), nextRun: nextRun && iso(nextRun) };
};
const active = [anActiveRun({ runId: runId("orders.a") })];

test.each<[string, Partial<DagRecord>, Partial<Manifest>, ReturnType<typeof explain>["standing"], RegExp]>([
  ["that nothing is due", { nextFire: plus(NOON, HOUR_MS) }, {}, "waiting", /^its schedule fires next at/],
  [
    "who paused it, and why",
    { paused: { by: "ada", reason: "warehouse is down", at: LATE }, nextFire: LATE },
    {},
    "paused",
    /^paused by ada 8h ago: warehouse is down; what was due at 2026-03-02T04:00:00Z has no run yet; once it is resumed/,
  ],
  ["that it is gone", { removed: true }, {}, "removed", /gone from the source/],
  [
    "who has its places",
    { nextFire: LATE, active },
    { maxActiveRuns: 1 },
    "behind",
    /all places are taken \(maxActiveRuns: 1\), by orders\.a/,
  ],
  [
    "when its hours begin",
    { nextFire: LATE },
    { allowedHours: { from: 22 * 60, to: 6 * 60 } },
    "behind",
    /its allowedHours begin at 2026-03-02T22:00:00Z/,
  ],
  ["that it is about to start", { nextFire: LATE }, {}, "behind", /it is about to start/],
  [
    "that runs were asked for",
    { queue: "maybe", active },
    { maxActiveRuns: 1 },
    "waiting",
    /may be waiting: all places/,
  ],
  ["that people start it", { nextFire: null }, { schedule: null }, "waiting", /^it has no schedule: people start/],
  [
    "that its schedule is over",
    { nextFire: null },
    { schedule: { ...aSchedule(), end: LATE } },
    "waiting",
    /does not fire any more: it covers nothing from 2026-03-02T04:00:00Z on/,
  ],
  ["how many failed", { failures: 2 }, { schedule: null }, "waiting", /^the last 2 runs failed/],
])("says %s", (_what, dag, manifest, standing, why) => {
  expect(explain(dag, manifest)).toMatchObject({ standing, why: expect.stringMatching(why) });
});

test("names the next firing, also of a DAG that is behind", () => {
  expect(explain({ nextFire: LATE }).nextRun).toBe("2026-03-03T04:00:00Z");
});
