import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, NOON, aDagRecord, aManifest, aSchedule, anActiveRun } from "../../../test/builders/index.ts";
import type { DagEvent, DagRecord } from "./record.ts";
import { runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { iso, plus, type Instant } from "../time.ts";
import { ASK_AGAIN_AFTER_MS, decideDag } from "./decide.ts";

const FOUR = plus(NOON, -8 * HOUR_MS);
const NEXT = plus(FOUR, DAY_MS);
const WAKE: DagEvent = { type: "wake" };
const BUSY = [anActiveRun({ runId: runId("orders.x"), epoch: 0, confirmed: true })];
const NIGHT = { allowedHours: { from: 22 * 60, to: 6 * 60 } };
const OPENS = plus(NOON, 10 * HOUR_MS);

const decide = (
  dag: Partial<DagRecord>,
  manifest: Partial<Manifest> = {},
  now: Instant = NOON,
  events: readonly DagEvent[] = [WAKE],
) =>
  decideDag(
    aDagRecord({ cursor: plus(FOUR, -DAY_MS), due: plus(now, -1), ...dag }),
    aManifest({ schedule: aSchedule(), ...manifest }),
    events,
    now,
  );
const due = (...given: Parameters<typeof decide>): string | null => {
  const at = decide(...given).dag.due;
  return at === null ? null : iso(at).slice(5, 19);
};
const text = (at: Instant): string => iso(at).slice(5, 19);

describe("a DAG whose places are all taken is looked at", () => {
  test.each<[Manifest["overlap"], Partial<Manifest>, Instant | null, Instant | null]>([
    ["latest", {}, null, null],
    ["skip", {}, null, null],
    ["queue", {}, NEXT, NEXT],
    ["queue", { catchup: { windowMs: DAY_MS } }, null, null],
    ["cancel", {}, NEXT, plus(NOON, ASK_AGAIN_AFTER_MS)],
  ])("by its policy: %s, %j", (overlap, more, ahead, waiting) => {
    const look = (nextFire: Instant) => due({ nextFire, active: BUSY, queuedTo: FOUR }, { overlap, ...more });

    expect([look(NEXT), overlap === "skip" ? null : look(FOUR)]).toEqual([
      ahead && text(ahead),
      waiting && text(waiting),
    ]);
  });
});

describe("a DAG whose hours are closed is looked at", () => {
  test("when they begin, only if something waits for them", () => {
    expect(due({ nextFire: FOUR }, NIGHT)).toBe(text(OPENS));
    expect(due({ nextFire: NOON }, { ...NIGHT, schedule: aSchedule({ expression: "0 12 * * *" }) })).toBe(text(OPENS));
    expect(due({ nextFire: NEXT }, NIGHT)).toBe(text(NEXT));
    expect(due({ nextFire: null }, { ...NIGHT, schedule: null })).toBeNull();
    expect(due({ nextFire: null, queue: "maybe" }, { ...NIGHT, schedule: null })).toBe(text(OPENS));
  });

  test("not at all while nothing could start then", () => {
    expect(due({ nextFire: FOUR, active: BUSY }, NIGHT)).toBeNull();
  });
});

test("the firing of one date arms the timer for the next", () => {
  const { commands } = decide({ nextFire: FOUR, due: FOUR }, { maxActiveRuns: 2 }, FOUR);

  expect(commands.filter(({ type }) => type === "timer")).toEqual([{ type: "timer", at: NEXT }]);
});

test("an answer to who waits is not asked for again in the same breath, whatever came with it", () => {
  const answer: DagEvent = { type: "candidates", runs: [], complete: false };
  const asked = (...events: readonly DagEvent[]) =>
    decide({ queue: "maybe" }, { schedule: null }, NOON, events).commands.map(({ type }) => type);

  expect([asked(WAKE), asked(answer, WAKE)]).toEqual([["find_candidates"], []]);
});

test("a place that a run gives back goes to the schedule, unless that run was of the schedule", () => {
  const scheduled = { version: aDagRecord().version, logicalDate: FOUR, dataInterval: { start: FOUR, end: NEXT } };
  const active = [
    anActiveRun({ runId: runId("orders.s"), epoch: 0, confirmed: true, scheduled }),
    anActiveRun({ runId: runId("orders.x"), epoch: 0, confirmed: true }),
  ];
  const ends = (name: string): DagEvent => ({ type: "run_finished", runId: runId(`orders.${name}`), epoch: 0 });
  const started = (name: string) =>
    decide({ nextFire: FOUR, active, queue: "maybe" }, { maxActiveRuns: 2 }, NOON, [ends(name)]).dag.active.length - 1;

  expect([started("x"), started("s")]).toEqual([1, 0]);
});
