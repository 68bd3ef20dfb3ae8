import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aManifest,
  aPauseOf,
  aScene,
  aTaskSpec,
  aRun,
  aTaskTable,
} from "../../../test/builders/index.ts";
import type { RunCommand, RunEvent } from "../events.ts";
import { runId, taskId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import type { Run } from "../run.ts";
import type { TaskState } from "../states.ts";
import { plus } from "../time.ts";
import { advance } from "./advance.ts";
import { pastAllows } from "./past.ts";

const BEFORE = runId("orders.before");
const TASKS = [
  aTaskSpec("extract", { dependsOnPast: "task" }),
  aTaskSpec("load", { dependsOnPast: "downstream" }),
  aTaskSpec("free"),
];
const WAKE: RunEvent = { type: "wake" };
const MOVED: RunEvent = { type: "past_moved" };
const seen = (...ids: readonly string[]): RunEvent => ({ type: "past_seen", tasks: ids.map((id) => taskId(id)) });

interface Told {
  readonly run: Run;
  readonly commands: readonly RunCommand[];
}

const manifest: Manifest = aManifest({ tasks: TASKS });
const tell = (run: Run, ms: number, ...events: readonly RunEvent[]): Told =>
  advance(run, manifest, events, plus(NOON, ms));
/** A run that has another before it, just admitted. */
const admitted = (previous: Partial<Run> = { previous: BEFORE }, of: Manifest = manifest): Told => {
  const { run } = aScene(of.tasks, { admitted: false });
  return advance({ ...run, ...previous }, of, [{ type: "admitted", epoch: run.epoch }], NOON);
};
const sent = ({ commands }: Told): readonly string[] =>
  commands.flatMap((command) => (command.type === "dispatch" ? [command.key.taskId] : []));
const asked = ({ commands }: Told): readonly RunCommand[] => commands.filter(({ type }) => type === "inspect_past");

describe("a task that depends on its past", () => {
  test("asks the run before, and holds back no other", () => {
    const told = admitted();

    expect(sent(told)).toEqual(["free"]);
    expect(asked(told)).toEqual([
      {
        type: "inspect_past",
        runId: BEFORE,
        tasks: [
          { taskId: "extract", downstream: false },
          { taskId: "load", downstream: true },
        ],
      },
    ]);
  });

  test("starts in a run that has none before it", () => {
    expect(sent(admitted({}))).toEqual(["extract", "load", "free"]);
  });

  test("starts as soon as the run before is known to allow it", () => {
    expect(sent(tell(admitted().run, 1, seen("extract")))).toEqual(["extract"]);
  });

  test("is asked for no more once that is known", () => {
    const { run } = tell(admitted().run, 1, seen("extract"));

    expect(asked(tell(run, HOUR_MS, WAKE))).toMatchObject([{ tasks: [{ taskId: "load" }] }]);
  });

  test("is not looked at twice for one answer", () => {
    const once = tell(admitted().run, 1, seen("extract")).run;

    expect(tell(once, 2, seen("extract")).run).toBe(once);
  });

  test("is looked at again after five seconds, and not before", () => {
    const { run } = admitted();

    expect(run.due).toBe(plus(NOON, 5_000));
    expect([asked(tell(run, 4_999, WAKE)), asked(tell(run, 5_000, WAKE))]).toEqual([[], asked(admitted())]);
  });

  test.each([
    ["half of the time that it has waited", MINUTE_MS, MINUTE_MS / 2],
    ["five minutes at the most", HOUR_MS, 5 * MINUTE_MS],
    ["five seconds at least", 5_000, 5_000],
  ])("is then looked at after %s", (_what, waited, wait) => {
    const { run } = tell(admitted().run, waited, WAKE);

    expect(run.past?.due).toBe(plus(NOON, waited + wait));
  });

  test("is looked at as soon as a run of the DAG has ended", () => {
    expect(asked(tell(admitted().run, 1, MOVED))).toHaveLength(1);
  });

  test("that no longer waits is not looked at when a run ends", () => {
    const { run } = tell(admitted().run, 1, seen("extract", "load"));

    expect(tell(run, 2, MOVED).run).toEqual(run);
  });

  test("asks nothing in a run that has none before it, whoever says that one has ended", () => {
    const { run } = admitted({});

    expect([asked(tell(run, 1, MOVED)), tell(run, 1, seen("extract")).run]).toEqual([[], run]);
  });

  test("asks nothing once its run is being ended", () => {
    const told = tell(admitted().run, HOUR_MS, CANCEL, WAKE);

    expect([asked(told), sent(told)]).toEqual([[], []]);
  });

  test("asks nothing before its run is admitted", () => {
    const { run } = aScene(TASKS, { admitted: false });

    expect(asked(tell({ ...run, previous: BEFORE }, 1, WAKE))).toEqual([]);
  });

  test("that is paused is not started by its past", () => {
    const { run } = tell(admitted().run, 1, aPauseOf("extract"));

    expect(sent(tell(run, 2, seen("extract")))).toEqual([]);
  });

  test("has hooks that wait for nothing", () => {
    const hooked = aManifest({
      tasks: [
        aTaskSpec("extract", { dependsOnPast: "task", hooks: { onSuccess: true, onFailure: false, onRetry: false } }),
      ],
    });
    const { run } = advance(admitted({ previous: BEFORE }, hooked).run, hooked, [seen("extract")], NOON);
    const key = { runId: run.runId, taskId: taskId("extract"), mapIndex: -1, attempt: 1 };
    const outcome = { kind: "success", output: { kind: "none" } } as const;

    expect(sent(advance(run, hooked, [{ type: "completed", key, epoch: run.epoch, outcome }], NOON))).toEqual([
      "extract$onSuccess",
    ]);
  });
});

describe("what the run before says of a task", () => {
  const before = aManifest({ tasks: [aTaskSpec("extract"), aTaskSpec("load", { after: ["extract"] })] });
  const allows = (states: readonly TaskState[], id = "extract", downstream = false): boolean =>
    pastAllows(aRun({ tasks: aTaskTable(states) }), before, taskId(id), downstream);

  test.each<[TaskState, boolean]>([
    ["success", true],
    ["skipped", true],
    ["removed", true],
    ["failed", false],
    ["upstream_failed", false],
    ["running", false],
    ["none", false],
  ])("that was %s there: %s", (state, allowed) => {
    expect(allows([state, "none"])).toBe(allowed);
  });

  test("that it has not at all lets the next run go on", () => {
    expect(allows(["failed", "failed"], "other")).toBe(true);
  });

  test("counts what comes right after it where that is asked for", () => {
    expect([allows(["success", "failed"], "extract", true), allows(["success", "failed"])]).toEqual([false, true]);
    expect(allows(["success", "skipped"], "extract", true)).toBe(true);
  });
});
