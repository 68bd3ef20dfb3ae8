import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aDagRecord,
  aManifest,
  aSchedule,
  aVersionHash,
  anActiveRun,
  anArrivalTrigger,
} from "../../../test/builders/index.ts";
import { decideDag } from "./decide.ts";
import type { DagEvent, DagRecord } from "./record.ts";
import type { Manifest, ScheduleSpec } from "../manifest.ts";
import { plus, type Instant } from "../time.ts";

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

describe("a new version", () => {
  const decide = (dag: Partial<DagRecord>, manifest: Partial<Manifest>, events: readonly DagEvent[]) =>
    decideDag(aDagRecord({ cursor: plus(NOON, -HOUR_MS), ...dag }), aManifest(manifest), events, NOON);

  const event: DagEvent = { type: "registered", version: aVersionHash("b") };

  test("is the one that new runs get; active runs stay", () => {
    const { dag } = decide({ active: [anActiveRun()] }, {}, [event]);

    expect([dag.version, dag.active.length]).toEqual([aVersionHash("b"), 1]);
  });

  test("registered twice changes nothing more", () => {
    const { dag } = decide({}, {}, [event]);

    expect(decide(dag, {}, [event]).changed).toBe(false);
  });

  test("keeps the windows of its triggers, and goes on counting those of a trigger that was away", () => {
    const trigger = anArrivalTrigger();
    const open = { openedAt: NOON, due: plus(NOON, MINUTE_MS) };
    const dag = { windows: [{ triggerId: trigger.triggerId, number: 7, open }] };

    const kept = decide(dag, { triggers: [trigger] }, [event]).dag;
    expect(kept.windows).toEqual(dag.windows);

    const away = decide(kept, { triggers: [] }, [{ ...event, version: aVersionHash("c") }]).dag;
    const back = decide(away, { triggers: [trigger] }, [event]).dag;
    expect([away.windows, back.windows]).toEqual([
      [{ triggerId: "files", number: 7, open: null }],
      [{ triggerId: "files", number: 7, open: null }],
    ]);
  });

  test("of a DAG without a schedule has no next firing", () => {
    expect(decide({ nextFire: NOON }, {}, [event]).dag).toMatchObject({ nextFire: null, due: null });
  });

  test("brings a DAG back that was removed", () => {
    const { dag, changed } = decide({}, {}, [{ type: "removed" }]);
    expect([dag.removed, changed, decide(dag, {}, [{ type: "removed" }]).changed]).toEqual([true, true, false]);

    expect(decide(dag, {}, [{ ...event, version: aVersionHash() }]).dag.removed).toBe(false);
  });

  test("of a DAG that comes back looks for the runs that waited", () => {
    const { commands } = decide({ removed: true, queue: "maybe" }, {}, [event]);

    expect(commands).toEqual([{ type: "find_candidates", places: 1 }]);
  });
});
