import { describe, expect, test } from "vitest";
import { HOUR_MS, NOON, SECOND_MS, aDagRecord, aManifest, aSchedule, aVersionHash } from "../../test/builders/index.ts";
import { decideDag } from "./dag-decide.ts";
import type { DagRecord } from "./dag-record.ts";
import type { ScheduleSpec } from "./manifest.ts";
import { plus, type Instant } from "./time.ts";

const HALF_PAST = plus(NOON, HOUR_MS / 2);
const HOURLY = aSchedule({ expression: "0 * * * *", interval: "hour" });

/** The record after a new version with this schedule was registered at `now`. */
function registered(dag: Partial<DagRecord>, schedule: ScheduleSpec | null, now: Instant, digit = "b"): DagRecord {
  const event = { type: "registered", version: aVersionHash(digit) } as const;
  return decideDag(aDagRecord({ cursor: plus(NOON, -HOUR_MS), ...dag }), aManifest({ schedule }), [event], now).dag;
}

describe("registering a new version", () => {
  test("does not pass over a date that is due and has not fired yet", () => {
    const { active } = registered({ nextFire: NOON }, HOURLY, plus(NOON, SECOND_MS));

    expect(active.map((run) => run.runId)).toEqual(["orders.scheduled.20260302T110000Z"]);
  });

  test("does not fire again what has fired, by a clock that is behind", () => {
    const { nextFire } = registered({ nextFire: plus(NOON, HOUR_MS), cursor: NOON }, HOURLY, plus(NOON, -SECOND_MS));

    expect(nextFire).toBe(plus(NOON, HOUR_MS));
  });

  test("gives a period that has its run no second one", () => {
    const laterInTheHour = aSchedule({ expression: "30 * * * *", interval: "hour" });
    const first = registered({ nextFire: NOON }, HOURLY, plus(NOON, SECOND_MS));
    const second = registered(first, laterInTheHour, plus(NOON, 2 * SECOND_MS), "c");

    const { dag } = decideDag(second, aManifest({ maxActiveRuns: 2, schedule: laterInTheHour }), [], HALF_PAST);

    expect({ runs: dag.active.length, cursor: dag.cursor }).toEqual({ runs: 1, cursor: HALF_PAST });
  });

  test("with another schedule counts from now", () => {
    const quarterPast = aSchedule({ expression: "15 * * * *", interval: "none" });

    const { active, nextFire } = registered({ nextFire: NOON }, quarterPast, plus(NOON, SECOND_MS));

    expect({ active, nextFire }).toEqual({ active: [], nextFire: plus(NOON, HOUR_MS / 4) });
  });
});
