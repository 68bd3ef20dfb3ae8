import { describe, expect, test } from "vitest";
import { NOON, SECOND_MS, aDagRecord, aManifest, anArrivalTrigger } from "../../test/builders/index.ts";
import { decideDag } from "./dag-decide.ts";
import type { DagCommand, DagEvent, DagRecord } from "./dag-record.ts";
import { triggerId } from "./ids.ts";
import { plus } from "./time.ts";

const FILES = triggerId("files");
const MANIFEST = aManifest({ triggers: [anArrivalTrigger({ triggerId: FILES })] });

/** The window's number is 1; it was opened a moment ago, and is due. */
const due = aDagRecord({
  windows: [{ triggerId: FILES, number: 1, open: { openedAt: plus(NOON, -SECOND_MS), due: plus(NOON, -SECOND_MS) } }],
});

const decide = (dag: DagRecord, ...events: readonly DagEvent[]) => decideDag(dag, MANIFEST, events, NOON);
const arrived: DagEvent = { type: "arrived", triggerId: FILES, at: NOON };
const nothingSeen = (look: number): DagEvent => ({
  type: "inbox_seen",
  triggerId: FILES,
  window: 1,
  look,
  count: 0,
  newestAt: null,
  queuedRuns: 0,
});
const looks = (commands: readonly DagCommand[]): readonly number[] =>
  commands.flatMap((command) => (command.type === "read_inbox" ? [command.look] : []));

describe("a window for which nothing waits", () => {
  test("looks once more before it closes", () => {
    const { dag, commands } = decide(due, nothingSeen(0));

    expect({ open: dag.windows[0]?.open !== null, looks: looks(commands) }).toEqual({ open: true, looks: [1] });
  });

  test("closes when that look finds nothing either", () => {
    const closing = decide(due, nothingSeen(0)).dag;

    expect(decide(closing, nothingSeen(1)).dag.windows[0]?.open).toBeNull();
  });

  test("stays open when an arrival was told after the look was asked for", () => {
    const closing = decide(due, nothingSeen(0)).dag;
    const disturbed = decide(closing, arrived).dag;

    expect(decide(disturbed, nothingSeen(1)).dag.windows[0]?.open).not.toBeNull();
  });

  test("does not close by an answer to an earlier look", () => {
    const closing = decide(due, nothingSeen(0)).dag;

    expect(decide(closing, nothingSeen(0)).dag.windows[0]?.open).not.toBeNull();
  });

  test("asks again for the look that it waits for, should its answer be lost", () => {
    const closing = decide(due, nothingSeen(0)).dag;

    expect(looks(decide(closing, { type: "wake" }).commands)).toEqual([1]);
  });
});
