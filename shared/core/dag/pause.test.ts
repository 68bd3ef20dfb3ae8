import { describe, expect, test } from "vitest";
import {
  A_PAUSE,
  DAY_MS,
  HAND,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aDagRecord,
  aManifest,
  anActiveRun,
} from "../../../test/builders/index.ts";
import type { DagCommand, DagEvent, DagRecord } from "./record.ts";
import { runId, triggerId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { plus } from "../time.ts";
import { decideDag } from "./decide.ts";

const PAUSE = { type: "pause", ...HAND } as const;
const RESUME = { type: "resume", ...HAND } as const;
const RUN = runId("orders.a");

const DAILY: Manifest["schedule"] = {
  kind: "cron",
  expressions: ["0 4 * * *"],
  interval: "day",
  timezone: "UTC",
  start: null,
  end: null,
  dst: { gap: "shift", fold: "first" },
};

const decide = (dag: Partial<DagRecord>, manifest: Partial<Manifest>, ...events: readonly DagEvent[]) =>
  decideDag(aDagRecord({ cursor: plus(NOON, -DAY_MS), ...dag }), aManifest(manifest), events, NOON);
const started = (commands: readonly DagCommand[]): readonly string[] =>
  commands.flatMap((command) => (command.type === "start_run" ? [command.active.runId] : []));

describe("a DAG that is paused", () => {
  test("says by whom and since when", () => {
    expect(decide({}, {}, PAUSE).dag.paused).toEqual({ by: "ann", reason: "bad data", at: NOON });
  });

  test("is paused once", () => {
    expect(decide({ paused: A_PAUSE }, {}, { ...PAUSE, by: "bob" })).toMatchObject({
      changed: false,
      dag: { paused: A_PAUSE },
    });
  });

  test("admits nothing in the same decision", () => {
    const { dag, commands } = decide({}, {}, PAUSE, { type: "run_queued", runId: RUN, epoch: 0 });

    expect([dag.active, dag.queue, started(commands)]).toEqual([[], "maybe", []]);
  });
});

describe("a DAG that is resumed", () => {
  test("runs the latest of all that its schedule missed, and no other", () => {
    const nextFire = plus(NOON, -3 * DAY_MS - 8 * HOUR_MS);
    const { dag, commands } = decide({ paused: A_PAUSE, nextFire }, { schedule: DAILY }, RESUME);

    expect(started(commands)).toEqual(["orders.scheduled.20260301T000000Z"]);
    expect(dag.nextFire).toBeGreaterThan(NOON);
  });

  test("looks for the runs that wait", () => {
    expect(decide({ paused: A_PAUSE, queue: "maybe" }, {}, RESUME).commands).toEqual([
      { type: "wake_backfills" },
      { type: "find_candidates", places: 1 },
    ]);
  });

  test("looks at what has arrived", () => {
    const open = { openedAt: plus(NOON, -HOUR_MS), due: plus(NOON, -MINUTE_MS) };
    const windows = [{ triggerId: triggerId("files"), number: 3, open }];

    expect(decide({ paused: A_PAUSE, windows }, {}, RESUME).commands).toMatchObject([
      { type: "wake_backfills" },
      { type: "read_inbox", triggerId: "files", window: 3 },
    ]);
  });

  test("changes nothing if it was not paused", () => {
    expect(decide({}, {}, RESUME).changed).toBe(false);
  });
});

describe("a run that was cleared", () => {
  const waiting = { type: "run_queued", runId: RUN, epoch: 1 } as const;

  test("gives up the place of its last epoch, should the word of its end be lost", () => {
    const { dag } = decide({ active: [anActiveRun({ runId: RUN, epoch: 0, confirmed: true })] }, {}, waiting);

    expect(dag.active).toMatchObject([{ runId: RUN, epoch: 1, confirmed: false }]);
  });

  test("keeps its new place when that word comes late", () => {
    const { dag } = decide({}, {}, waiting, { type: "run_finished", runId: RUN, epoch: 0 });

    expect(dag.active).toMatchObject([{ runId: RUN, epoch: 1 }]);
  });
});
