import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aManifest,
  aMapSpec,
  aPauseOf,
  aRetrySpec,
  aRun,
  aScene,
  aTaskSpec,
  aTaskTable,
  anUpstream,
  type Scene,
} from "../../../test/builders/index.ts";
import type { TaskSpec } from "../manifest.ts";
import { planOf } from "../plan.ts";
import type { Cause } from "../run.ts";
import type { TaskState } from "../states.ts";
import { plus } from "../time.ts";
import { deadlocked, outcomeOf } from "./ending.ts";
import { openDraft } from "./draft.ts";

type Slots = Parameters<typeof aTaskTable>[0];
const outcome = (tasks: readonly TaskSpec[], states: Slots, run: Parameters<typeof aRun>[0] = {}) =>
  outcomeOf(planOf(aManifest({ tasks })), aRun(run), aTaskTable(states));
const because = (state: TaskState, cause: Cause) => ({ state, detail: { since: NOON, cause } });
const BROKE: Cause = { code: "error", text: "Error: no", class: "permanent", name: "Error" };
const RULE: Cause = { code: "rule", text: "all_success: 'a' failed" };
const BROKEN = { class: "permanent" } as const;

const a = aTaskSpec("a");
const b = aTaskSpec("b", { after: ["a"] });

describe("the outcome of a run", () => {
  test("is what failed first in the order of the DAG, and says so rather than what failed because of it", () => {
    const late = aTaskSpec("z");

    expect(
      outcome(
        [b, a, late],
        [
          because("upstream_failed", RULE),
          because("failed", BROKE),
          because("failed", { ...BROKE, text: "Error: late" }),
        ],
      ).cause,
    ).toEqual({
      ...BROKE,
      text: "task 'a' failed: Error: no",
    });
  });

  test("names what could not run by its rule, if nothing else is known", () => {
    const tasks = [a, b];
    expect(outcome(tasks, ["failed", because("upstream_failed", RULE)]).cause).toEqual({
      code: "rule",
      text: "task 'b' upstream_failed: all_success: 'a' failed",
    });
    expect(outcome([a], ["failed"]).cause).toEqual({ code: "rule", text: "task 'a' failed" });
  });

  test("is what ended the run, where something did", () => {
    const cause: Cause = { code: "run_timeout", text: "too long" };

    expect(outcome([a], [because("failed", BROKE)], { cause })).toEqual({ state: "failed", degraded: false, cause });
    expect(outcome([a], ["success"], { cause }).state).toBe("failed");
  });

  test.each([
    ["", "cancelled by ann"],
    ["wrong day", "cancelled by ann: wrong day"],
  ])("is that it was cancelled, by whom and with the reason '%s'", (reason, text) => {
    expect(outcome([a], ["failed"], { cancel: { by: "ann", reason, at: NOON } })).toEqual({
      state: "cancelled",
      degraded: false,
      cause: { code: "cancelled", text },
    });
  });

  const allowed = aTaskSpec("a", { allowFailure: true });

  test.each<[string, readonly TaskSpec[], Slots, string, boolean]>([
    ["an allowed failure degrades it", [allowed], ["failed"], "success", true],
    ["so does what could not run because of it", [allowed, b], ["failed", "upstream_failed"], "success", true],
    [
      "what could not run because of another failure fails it",
      [allowed, aTaskSpec("x"), aTaskSpec("b", { after: ["a", "x"], allowFailure: false })],
      ["failed", "failed", "upstream_failed"],
      "failed",
      false,
    ],
    [
      "a teardown that failed degrades it",
      [a, aTaskSpec("down", { role: "teardown", after: ["a"] })],
      ["success", "failed"],
      "success",
      true,
    ],
    [
      "unless it says that the run fails then",
      [a, aTaskSpec("down", { role: "teardown", after: ["a"], failRun: true })],
      ["success", "failed"],
      "failed",
      false,
    ],
    ["skips do not", [a, b], ["skipped", "skipped"], "success", false],
  ])("%s", (_what, tasks, states, state, degraded) => {
    expect(outcome(tasks, states)).toMatchObject({ state, degraded });
  });

  const optional = [a, aTaskSpec("b", { upstream: [anUpstream("a", { optional: true })] })];

  test.each<[TaskState, TaskState, boolean]>([
    ["failed", "success", true],
    ["skipped", "success", true],
    ["skipped", "skipped", false],
    ["success", "success", false],
  ])("is degraded by an input that was left out: %s above %s", (above, below, degraded) => {
    expect(outcome(optional, [above, below])).toMatchObject({ state: "success", degraded });
  });

  test("is degraded by a map that tolerated failures, and by no other", () => {
    const tasks = [a, aTaskSpec("load", { after: ["a"], map: aMapSpec("a", { tolerance: { count: 1 } }) })];
    const mapped = (...failed: readonly number[]): Scene => {
      const scene = aScene(tasks).giveList("a", 2);
      for (const index of [0, 1]) {
        if (failed.includes(index)) scene.fail(`load[${index}]`, BROKEN);
        else scene.succeed(`load[${index}]`);
      }
      return scene;
    };

    expect([mapped().run.degraded, mapped(1).run.degraded]).toEqual([false, true]);
  });
});

describe("the end of a run", () => {
  const told = (scene: Scene) =>
    scene.all("tell").flatMap(({ effect }) => (effect.kind === "run_finished" ? [effect.tookMs] : []));

  test("tells how long it took since it started, and nothing if it never did", () => {
    const ran = aScene([a]).after(MINUTE_MS).succeed("a");
    const never = aScene([a], { admitted: false }).after(MINUTE_MS).cancel();

    expect([told(ran), told(never)]).toEqual([[MINUTE_MS], [0]]);
  });

  test("takes away the pause of the run, and leaves those of its tasks", () => {
    const scene = aScene([a, b])
      .tell(aPauseOf("b"), aPauseOf())
      .cancel()
      .see("a", { status: "closed", reason: "cancelled" });
    expect(scene.run.pauses).toEqual([]);

    const done = aScene([a]).tell(aPauseOf("a"), aPauseOf()).succeed("a");
    expect(done.run.pauses.map(({ taskId }) => taskId)).toEqual(["a"]);
  });

  test("names in its fact what failed, twenty at the most; its start names nothing", () => {
    const many = Array.from({ length: 25 }, (_, n) => aTaskSpec(`t${n}`));
    const scene = aScene(many);
    expect(scene.all("publish").map(({ fact }) => [fact.type, fact.failed])).toEqual([["run_started", []]]);

    scene.tell(
      ...many.map(({ taskId }) =>
        scene.completed(taskId, { kind: "failed", error: { name: "E", message: "no", class: "permanent" } }),
      ),
    );

    const [ended] = scene.all("publish");
    expect([ended?.fact.failed.length, ended?.fact.failed[0]]).toEqual([20, { taskId: "t0", cause: "E: no" }]);
  });

  test("comes once everything that is being closed for another reason is", () => {
    const scene = aScene([aTaskSpec("a", { retry: aRetrySpec({ retries: 1 }) })]).see("a", {
      status: "running",
      leaseUntil: plus(NOON, 1),
    });
    scene.after(HOUR_MS).see("a", { status: "running", leaseUntil: plus(NOON, 1) });
    expect([scene.state("a"), scene.detail("a")?.reason]).toEqual(["restarting", "lost"]);

    scene.cancel();

    expect([scene.state("a"), scene.detail("a")?.reason, scene.detail("a")?.target?.to]).toEqual([
      "restarting",
      "cancelled",
      "skipped",
    ]);
  });

  test("by its first cause stays by that one", () => {
    const scene = aScene([a], { runTimeoutMs: HOUR_MS }).cancel().after(HOUR_MS).wake();

    expect([scene.run.cause, scene.run.cancel?.by]).toEqual([null, "ann"]);
  });
});

describe("a run of which nothing can move", () => {
  const stuckIn = (states: Slots, tasks: readonly TaskSpec[] = [a, b]): readonly number[] => {
    const run = aRun({ state: "running", tasks: aTaskTable(states) });
    return deadlocked(openDraft(run, planOf(aManifest({ tasks })), NOON));
  };

  test.each<[string, Slots, readonly number[]]>([
    ["neither has started", ["none", "none"], [0, 1]],
    ["one is done", ["success", "none"], [1]],
    ["one is at work", ["running", "none"], []],
    ["one waits for slots", ["scheduled", "none"], []],
    ["one waits for its time", [{ state: "up_for_retry", detail: { since: NOON, due: NOON } }, "none"], []],
    ["one waits for what never comes", [{ state: "deferred", detail: { since: NOON } }, "none"], [0, 1]],
  ])("is known by its tasks: %s", (_how, states, stuck) => {
    expect(stuckIn(states)).toEqual(stuck);
  });

  test("may be paused: then it waits for somebody", () => {
    const pauses = [{ taskId: null, by: "ann", reason: "", at: NOON }];
    const run = aRun({ state: "running", pauses, tasks: aTaskTable(["none"]) });

    expect(deadlocked(openDraft(run, planOf(aManifest()), NOON))).toEqual([]);
  });
});
