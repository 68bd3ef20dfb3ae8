import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aDagRecord,
  aManifest,
  anArrivalTrigger,
  aStop,
} from "../../../test/builders/index.ts";
import { ASK_AGAIN_AFTER_MS, decideDag } from "./decide.ts";
import { WINDOW_AGAIN_AFTER_MS } from "./windows.ts";
import { QUEUED_EVENT_RUNS_MAX, type DagCommand, type DagEvent, type DagRecord } from "./record.ts";
import { triggerId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { plus, type Instant } from "../time.ts";

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

  test("does not close by an answer that was meant for an earlier opening of it", () => {
    const closed = decide(decide(due, nothingSeen(0)).dag, nothingSeen(1)).dag;
    const again = decide(decide(closed, arrived).dag, nothingSeen(1)).dag;

    expect(decide(again, nothingSeen(1)).dag.windows[0]?.open).not.toBeNull();
  });

  test("asks again for the look that it waits for, should its answer be lost", () => {
    const closing = decide(due, nothingSeen(0)).dag;

    expect(looks(decide(closing, { type: "wake" }).commands)).toEqual([1]);
  });
});

describe("a window of arrivals", () => {
  const trigger = anArrivalTrigger({ debounceMs: MINUTE_MS, maxWaitMs: 10 * MINUTE_MS, maxFiles: 5 });
  const manifest = { triggers: [trigger] };
  const decideAt = (
    dag: Partial<DagRecord>,
    given: Partial<Manifest>,
    events: readonly DagEvent[],
    now: Instant = NOON,
  ) => decideDag(aDagRecord(dag), aManifest(given), events, now);
  const all = <Name extends DagCommand["type"]>(commands: readonly DagCommand[], type: Name): readonly DagCommand[] =>
    commands.filter((command) => command.type === type);
  const closed = { windows: [{ triggerId: FILES, number: 1, open: null }] };
  const opened = (openedAt: Instant, until: Instant) => ({
    windows: [{ triggerId: FILES, number: 1, open: { openedAt, due: until } }],
  });
  const seen = (count: number, newestAt: Instant | null, queuedRuns = 0, window = 1): DagEvent => ({
    type: "inbox_seen",
    triggerId: FILES,
    window,
    look: 0,
    count,
    newestAt,
    queuedRuns,
  });

  test("opens with the first arrival, and is looked at when it has been quiet long enough", () => {
    const { dag, commands } = decideAt(closed, manifest, [arrived]);

    expect(dag.windows).toEqual([
      { triggerId: "files", number: 1, open: { openedAt: NOON, due: plus(NOON, MINUTE_MS) } },
    ]);
    expect([dag.due, commands]).toEqual([plus(NOON, MINUTE_MS), [{ type: "timer", at: plus(NOON, MINUTE_MS) }]]);
  });

  test("that waits for nothing is looked at once", () => {
    const eager = { triggers: [{ ...trigger, debounceMs: 0 }] };

    expect(decideAt(closed, eager, [arrived]).commands).toEqual([
      { type: "read_inbox", triggerId: "files", window: 1, look: 0 },
    ]);
  });

  test("is not stored again for every arrival", () => {
    expect(decideAt(opened(NOON, plus(NOON, MINUTE_MS)), manifest, [arrived], plus(NOON, SECOND_MS)).changed).toBe(
      false,
    );
  });

  test("whose time has come has its inbox read", () => {
    const { commands } = decideAt(opened(plus(NOON, -MINUTE_MS), NOON), manifest, [{ type: "wake" }]);

    expect(commands).toEqual([{ type: "read_inbox", triggerId: "files", window: 1, look: 0 }]);
  });

  test("asks again for an answer that never came", () => {
    const { dag } = decideAt({ ...opened(plus(NOON, -MINUTE_MS), NOON), due: NOON }, manifest, [{ type: "wake" }]);

    expect(dag.due).toBe(plus(NOON, ASK_AGAIN_AFTER_MS));
  });

  test("goes on while things arrive", () => {
    const newestAt = plus(NOON, -10 * SECOND_MS);
    const { dag, commands } = decideAt(opened(plus(NOON, -MINUTE_MS), NOON), manifest, [seen(3, newestAt)]);

    expect(dag.windows[0]?.open?.due).toBe(plus(NOON, 50 * SECOND_MS));
    expect(all(commands, "fire_window")).toEqual([]);
  });

  test("fires once it has been quiet", () => {
    const { commands } = decideAt(opened(plus(NOON, -MINUTE_MS), NOON), manifest, [seen(3, plus(NOON, -MINUTE_MS))]);

    expect(commands).toEqual([{ type: "fire_window", triggerId: "files", window: 1, maxFiles: 5 }]);
  });

  test("waits no longer than it may, whatever still arrives", () => {
    const late = opened(plus(NOON, -10 * MINUTE_MS), NOON);
    expect(all(decideAt(late, manifest, [seen(3, NOON)]).commands, "fire_window")).toHaveLength(1);

    const nearly = opened(plus(NOON, -9.5 * MINUTE_MS), NOON);
    expect(decideAt(nearly, manifest, [seen(3, NOON)]).dag.windows[0]?.open?.due).toBe(plus(NOON, MINUTE_MS / 2));
  });

  test("that has fired gives way to the next, which looks at once for what is left over", () => {
    const { dag, commands } = decideAt(opened(NOON, NOON), manifest, [
      { type: "window_fired", triggerId: FILES, window: 1 },
    ]);

    expect(dag.windows).toMatchObject([{ number: 2, open: { openedAt: NOON, due: NOON } }]);
    expect(commands).toMatchObject([{ type: "read_inbox", triggerId: "files", window: 2 }]);
  });

  test("with left-overs that have been quiet for long fires the next at once", () => {
    const next = decideAt(opened(NOON, NOON), manifest, [{ type: "window_fired", triggerId: FILES, window: 1 }]).dag;

    const { commands } = decideAt(next, manifest, [seen(2, plus(NOON, -HOUR_MS), 0, 2)]);

    expect(commands).toEqual([{ type: "fire_window", triggerId: "files", window: 2, maxFiles: 5 }]);
  });

  test("does not go back when it is told late that an earlier one fired", () => {
    const fifth = { windows: [{ triggerId: FILES, number: 5, open: null }] };

    expect(decideAt(fifth, manifest, [{ type: "window_fired", triggerId: FILES, window: 3 }]).changed).toBe(false);
  });

  test("moves on once, however often it is told that it fired", () => {
    const fired: DagEvent = { type: "window_fired", triggerId: FILES, window: 1 };

    expect(decideAt(opened(NOON, NOON), manifest, [fired, fired]).dag.windows[0]?.number).toBe(2);
  });

  test.each([
    ["of another window", seen(3, null, 0, 7), opened(plus(NOON, -MINUTE_MS), NOON)],
    ["before the window is due", seen(3, plus(NOON, -HOUR_MS)), opened(NOON, plus(NOON, SECOND_MS))],
    ["while no window is open", seen(3, plus(NOON, -HOUR_MS)), closed],
  ] as const)("hears nothing in an answer %s", (_, event, dag) => {
    const { changed, commands } = decideAt(dag, manifest, [event]);

    expect([changed, commands]).toEqual([false, []]);
  });

  test("stays open while too many runs wait already", () => {
    const dueNow = opened(plus(NOON, -MINUTE_MS), NOON);
    const { dag, commands } = decideAt(dueNow, manifest, [seen(3, plus(NOON, -MINUTE_MS), QUEUED_EVENT_RUNS_MAX)]);

    expect(all(commands, "fire_window")).toEqual([]);
    expect(dag.windows[0]?.open?.due).toBe(plus(NOON, WINDOW_AGAIN_AFTER_MS));
  });

  test.each(["removed", "paused"] as const)("of a DAG that is %s collects, and does not fire", (state) => {
    const stopped = { ...opened(plus(NOON, -MINUTE_MS), NOON), ...aStop(state) };

    expect(decideAt(stopped, manifest, [{ type: "wake" }]).commands).toEqual([]);
    expect(all(decideAt(stopped, manifest, [seen(3, plus(NOON, -MINUTE_MS))]).commands, "fire_window")).toEqual([]);
  });

  test("of a trigger that nobody knows is none", () => {
    expect(decideAt(closed, manifest, [{ ...arrived, triggerId: triggerId("gone") }]).changed).toBe(false);
  });
});
