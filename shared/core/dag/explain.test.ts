import { describe, expect, test } from "vitest";
import {
  A_PAUSE,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aDagRecord,
  aManifest,
  aSchedule,
  anActiveRun,
  anArrivalTrigger,
} from "../../../test/builders/index.ts";
import type { ArrivalWindow, DagRecord } from "./record.ts";
import { runId, triggerId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { plus } from "../time.ts";
import { explainDag } from "./explain.ts";

const DUE = plus(NOON, -8 * HOUR_MS); // 04:00, as the schedule has it.
const TOMORROW = plus(DUE, DAY_MS);
const DAILY = { schedule: aSchedule() };
const taken = (count: number): Partial<DagRecord> => ({
  active: Array.from({ length: count }, (_, n) => anActiveRun({ runId: runId(`orders.run-${n + 1}`) })),
});
const explained = (dag: Partial<DagRecord>, manifest: Partial<Manifest> = {}, now = NOON) =>
  explainDag(aDagRecord(dag), aManifest(manifest), now);
const why = (...given: Parameters<typeof explained>): readonly string[] => explained(...given).why;

describe("a DAG for which nothing is due", () => {
  test("says when its schedule fires next", () => {
    expect(explained({ nextFire: TOMORROW }, DAILY)).toEqual({
      standing: "waiting",
      why: ["its schedule fires next at 2026-03-03T04:00:00Z"],
      nextRun: TOMORROW,
      behindSince: null,
    });
  });

  test.each<[string, Partial<Manifest>, string]>([
    ["no schedule", {}, "it has no schedule: people start its runs"],
    ["only triggers", { triggers: [anArrivalTrigger()] }, "it has no schedule: files that arrive start it"],
    ["a schedule that is over", DAILY, "its schedule does not fire any more"],
    [
      "a schedule that is left out where it is",
      { schedule: null, writtenSchedule: aSchedule() },
      "it has no schedule here, where its own (0 4 * * * UTC) is left out: people start its runs",
    ],
    [
      "a schedule with an end",
      { schedule: aSchedule({ end: NOON }) },
      "its schedule does not fire any more: it covers nothing from 2026-03-02T12:00:00Z on",
    ],
  ])("with %s says so", (_what, manifest, text) => {
    expect(explained({}, manifest)).toMatchObject({ standing: "waiting", why: [text], nextRun: null });
  });

  test.each([
    [1, "the last run failed"],
    [3, "the last 3 runs failed"],
  ])("of which the last %i failed says that first", (failures, text) => {
    expect(why({ failures })[0]).toBe(text);
  });
});

describe("a DAG that is behind", () => {
  test("tells since when, and when its schedule fires next", () => {
    expect(explained({ nextFire: DUE }, DAILY)).toEqual({
      standing: "behind",
      why: [
        "what was due at 2026-03-02T04:00:00Z has no run yet: it is about to start",
        "its schedule fires next at 2026-03-03T04:00:00Z",
      ],
      nextRun: TOMORROW,
      behindSince: DUE,
    });
  });

  test("is so from the very instant at which it is due", () => {
    expect(explained({ nextFire: NOON }, DAILY).standing).toBe("behind");
  });

  test("names the runs that hold its places", () => {
    expect(why({ nextFire: DUE, ...taken(2) }, { ...DAILY, maxActiveRuns: 2 })[0]).toBe(
      "what was due at 2026-03-02T04:00:00Z has no run yet: all places are taken (maxActiveRuns: 2), by orders.run-1, orders.run-2",
    );
  });

  test("names five of many", () => {
    expect(why({ nextFire: DUE, ...taken(7) }, { ...DAILY, maxActiveRuns: 5 })[0]).toMatch(
      /by orders\.run-1, orders\.run-2, orders\.run-3, orders\.run-4, orders\.run-5 and 2 more$/u,
    );
    expect(why({ nextFire: DUE, ...taken(5) }, { ...DAILY, maxActiveRuns: 5 })[0]).toMatch(/orders\.run-5$/u);
  });

  test("waits for its hours", () => {
    expect(why({ nextFire: DUE }, { ...DAILY, allowedHours: { from: 22 * 60, to: 6 * 60 } })[0]).toBe(
      "what was due at 2026-03-02T04:00:00Z has no run yet: its allowedHours begin at 2026-03-02T22:00:00Z",
    );
  });
});

describe("a DAG that is stopped", () => {
  test("by a person says who, why and since when, and what becomes of what is due", () => {
    expect(explained({ nextFire: DUE, paused: A_PAUSE, failures: 2 }, DAILY, plus(NOON, HOUR_MS))).toMatchObject({
      standing: "paused",
      why: [
        "paused by ann 1h ago: maintenance",
        "what was due at 2026-03-02T04:00:00Z has no run yet",
        "once it is resumed, what fell due and what arrived meanwhile is decided on",
      ],
      behindSince: DUE,
    });
  });

  test("without a reason gives none", () => {
    expect(why({ paused: { by: "ann", reason: "", at: plus(NOON, 1) } })[0]).toBe("paused by ann 0ms ago");
  });

  test("as it is gone from the source starts nothing, and has no next run", () => {
    expect(explained({ nextFire: DUE, removed: true }, DAILY)).toEqual({
      standing: "removed",
      why: ["its definition is gone from the source: it starts nothing", "it comes back with its file"],
      nextRun: null,
      behindSince: null,
    });
  });
});

describe("runs that were asked for", () => {
  test("may be waiting", () => {
    expect(why({ queue: "maybe" })[0]).toBe("runs that were asked for may be waiting");
  });

  test.each<[string, Partial<DagRecord>, Partial<Manifest>, string]>([
    ["for a place", taken(1), {}, ": all places are taken (maxActiveRuns: 1), by orders.run-1"],
    ["for its hours", {}, { allowedHours: { from: 780, to: 800 } }, ": its allowedHours begin at 2026-03-02T13:00:00Z"],
    ["until it is resumed", { ...taken(1), paused: A_PAUSE }, {}, ""],
  ])("wait %s", (_what, dag, manifest, text) => {
    expect(why({ queue: "maybe", ...dag }, manifest)).toContain(`runs that were asked for may be waiting${text}`);
  });
});

describe("files that have arrived", () => {
  const files = (open: ArrivalWindow["open"]): Partial<DagRecord> => ({
    windows: [{ triggerId: triggerId("files"), number: 1, open }],
  });
  const open = { openedAt: NOON, due: plus(NOON, MINUTE_MS) };

  test("start it when their window closes", () => {
    expect(why(files(open))[0]).toBe("files have arrived for 'files': its window closes at 2026-03-02T12:01:00Z");
  });

  test("wait while it is paused", () => {
    expect(why({ ...files(open), paused: A_PAUSE })).toContain("files have arrived for 'files': they wait, too");
  });

  test("are not spoken of while there are none", () => {
    expect(why(files(null))).toEqual(["it has no schedule: people start its runs"]);
  });
});
