import { describe, expect, test } from "vitest";
import {
  HAND,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aClear,
  aMapSpec,
  aMark,
  aPauseOf,
  aResumeOf,
  aRetryNow,
  aRetrySpec,
  aScene,
  aSelection,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunAction, Signature } from "../operation.ts";
import { chunkManifest } from "../plan.ts";
import { taskId, type RunId } from "../ids.ts";
import type { Run } from "../run.ts";
import { advance } from "./advance.ts";
import { newChunk } from "./chunk.ts";
import { judge } from "./operate.ts";

const RETRIED = { retry: aRetrySpec({ retries: 1 }) };
const CHAIN = [aTaskSpec("a", RETRIED), aTaskSpec("b", { after: ["a"] }), aTaskSpec("c", { after: ["b"] })];
const BROKEN = { class: "permanent" } as const;

const judged = (scene: Scene, action: RunAction | (RunAction & Signature)) =>
  judge(scene.run, scene.manifest, { ...HAND, ...action }, scene.now);
const changes = (...given: Parameters<typeof judged>) => judged(...given).changes;
/** `a: failed -> none`, of an instance `load[1]: ...`. */
const told = (...given: Parameters<typeof judged>): readonly string[] =>
  changes(...given).map(
    ({ taskId: id, mapIndex, from, to }) => `${id}${mapIndex === null ? "" : `[${mapIndex}]`}: ${from} -> ${to}`,
  );
const problem = (...given: Parameters<typeof judged>) => judged(...given).problems[0];

describe("what an operation would change", () => {
  test("is each task with its state before and after, its attempt, and why it is among them", () => {
    expect(changes(aScene(CHAIN).succeed("a").fail("b", BROKEN), aClear(["b"]))).toEqual([
      { taskId: "b", mapIndex: null, from: "failed", to: "none", attempt: 1, because: "selected", closes: false },
      {
        taskId: "c",
        mapIndex: null,
        from: "upstream_failed",
        to: "none",
        attempt: 0,
        because: "follows",
        closes: false,
      },
    ]);
  });

  test("says that what may be at work is closed first, and what it becomes then", () => {
    expect(changes(aScene(CHAIN), aClear(["a"]))).toMatchObject([{ from: "queued", to: "none", closes: true }]);
    expect(changes(aScene(CHAIN), aMark("success", "a"))).toMatchObject([{ to: "success", closes: true }]);
  });

  test("leaves out what is being closed already for another reason", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("z")]).tell(aClear(["z"]));

    expect(told(scene, aClear(["a"]))).toEqual(["a: queued -> none"]);
  });

  test("tells what happens to the run", () => {
    const over = aScene(CHAIN).fail("a", BROKEN);

    expect(judged(over, aClear(["a"])).run).toEqual({ from: "failed", to: "queued" });
    expect(judged(aScene(CHAIN), aClear(["a"])).run).toEqual({ from: "running", to: "running" });
  });

  test("is nothing at all where it is refused", () => {
    const over = aScene(CHAIN).fail("a", BROKEN);

    expect(judged(over, aClear(["x"]))).toMatchObject({ changes: [], run: { from: "failed", to: "failed" } });
  });

  test("tells which pauses begin, and which end", () => {
    const scene = aScene(CHAIN).tell(aPauseOf("b"));

    expect(judged(scene, aPauseOf("b", "c"))).toMatchObject({ paused: ["c"], resumed: [], changes: [] });
    expect(judged(scene, aResumeOf("b"))).toMatchObject({ paused: [], resumed: ["b"] });
    expect(judged(scene, aPauseOf())).toMatchObject({ paused: [null], resumed: [] });
  });

  test("leaves hooks out: nobody selected them", () => {
    const hooks = { onSuccess: false, onFailure: true };
    const over = aScene([aTaskSpec("a")], { hooks })
      .fail("a", BROKEN)
      .succeed("$onFailure");

    expect(told(over, aClear(["a"]))).toEqual(["a: failed -> none"]);
  });

  test("is signed in one line, of a bounded length", () => {
    const scene = aScene(CHAIN).fail("a", BROKEN);
    const by = `ann\nof ${"x".repeat(400)}`;

    scene.tell({ ...aClear(["a"]), by, reason: "y".repeat(400) });

    const text = scene.detail("a")?.cause?.text ?? "";
    expect(text).toMatch(/^cleared by ann of x+….*: y+…?/u);
    expect(text.length).toBeLessThanOrEqual(300);
  });

  test("is signed without a colon where no reason was given", () => {
    const scene = aScene(CHAIN)
      .fail("a", BROKEN)
      .tell({ ...aClear(["a"]), reason: "" });

    expect(scene.detail("a")?.cause).toEqual({ code: "cleared", text: "cleared by ann" });
  });
});

const map = (length: number, overrides = {}): Scene =>
  aScene([
    aTaskSpec("list"),
    aTaskSpec("load", { after: ["list"], map: aMapSpec("list", overrides), ...RETRIED }),
    aTaskSpec("sum", { after: ["load"] }),
  ]).giveList("list", length);
const instances = (type: "clear" | "mark", ...indexes: readonly number[]): RunAction => {
  const selection = aSelection([], { tasks: indexes.map((mapIndex) => ({ taskId: "load", mapIndex })) });
  return type === "clear" ? { type, selection } : { type, selection, to: "success" };
};

describe("what an operation would change of a mapped task", () => {
  test("is told instance by instance, and that the task waits for them again", () => {
    const scene = map(3).succeed("load[0]", "load[2]").fail("load[1]", BROKEN);

    expect(told(scene, instances("clear", 1))).toEqual([
      "load: failed -> deferred",
      "sum: upstream_failed -> none",
      "load[1]: failed -> none",
    ]);
    expect(changes(scene, instances("clear", 1)).map(({ because }) => because)).toEqual([
      "instances",
      "follows",
      "selected",
    ]);
  });

  test("is one line for all of its instances where it is taken as a whole", () => {
    expect(told(map(2).succeed("load[0]"), aClear(["load"]))).toEqual(["load: deferred -> deferred"]);
  });

  test("says what a marked map will be once its instances are so", () => {
    expect(told(map(2).succeed("load[0]"), aMark("success", "load"))).toEqual(["load: deferred -> success"]);
  });

  test("tells the mark of an instance that is at work", () => {
    expect(changes(map(2), instances("mark", 1))).toMatchObject([
      { taskId: "load", mapIndex: 1, from: "queued", to: "success", closes: true, attempt: 1 },
    ]);
  });

  /** A map in two chunks, and their records, as they have heard their first orders. */
  const chunked = (act: (run: Run, scene: Scene) => Run = (run) => run) => {
    const scene = map(4, { chunkWidth: 2 });
    const chunks = new Map<RunId, Run>();
    for (const { effect } of scene.all("tell")) {
      if (effect.kind !== "chunk_order") continue;
      const made = newChunk(scene.run, scene.manifest, effect, NOON);
      if (made === undefined) continue;
      const alone = chunkManifest(scene.manifest, taskId("load"));
      const { run } = advance(made, alone, [{ type: "chunk_ordered", order: effect.order }], NOON);
      chunks.set(run.runId, act(run, scene));
    }
    return { scene, chunks };
  };
  const failing =
    (mapIndex: number, errorClass: "permanent" | "transient") =>
    (run: Run, scene: Scene): Run => {
      const key = { runId: run.runId, taskId: taskId("load"), mapIndex, attempt: 1 };
      const outcome = { kind: "failed", error: { name: "Error", message: "no", class: errorClass } } as const;
      const alone = chunkManifest(scene.manifest, taskId("load"));
      return advance(run, alone, [{ type: "completed", key, epoch: run.epoch, outcome }], NOON).run;
    };
  const inChunks = ({ scene, chunks }: ReturnType<typeof chunked>, action: RunAction) =>
    judge(scene.run, scene.manifest, { ...HAND, ...action }, scene.now, chunks);

  test("is told of instances in chunks as their records have them", () => {
    expect(inChunks(chunked(failing(3, "permanent")), instances("clear", 3)).changes).toEqual([
      { taskId: "load", mapIndex: 3, from: "failed", to: "none", attempt: 1, because: "selected", closes: false },
    ]);
    expect(inChunks(chunked(), instances("mark", 0)).changes).toMatchObject([
      { mapIndex: 0, from: "queued", to: "success", closes: true },
    ]);
  });

  test("is of chunks only what waits for its next try, where that is to be now", () => {
    expect(inChunks(chunked(failing(3, "transient")), aRetryNow("load")).changes).toMatchObject([
      { mapIndex: 3, from: "up_for_retry", to: "queued", closes: false },
    ]);
  });

  test("is refused where it comes to nothing in any chunk", () => {
    expect(inChunks(chunked(), aRetryNow("load"))).toMatchObject({
      changes: [],
      run: { from: "running", to: "running" },
      problems: [
        {
          code: "NOTHING_TO_DO",
          message: "no task waits for its next try; `freshet clear` runs tasks again that have ended",
        },
      ],
    });
  });
});

describe("an operation is refused", () => {
  const ended = (): Scene => aScene(CHAIN).fail("a", BROKEN);
  const cancelling = (reason = "wrong day"): Scene => aScene(CHAIN).tell({ type: "cancel", by: "bob", reason });
  const cancelled = (): Scene => cancelling().see("a", { status: "closed", reason: "cancelled" });
  const waiting = (tasks = [aTaskSpec("a", RETRIED), aTaskSpec("z", RETRIED)]): Scene => aScene(tasks).fail("a");

  test("on a run that is being cancelled, by whom and when", () => {
    expect(problem(cancelling(), aClear(["a"]))).toEqual({
      code: "RUN_ENDING",
      message:
        "run 'orders.run-1' is being ended (cancelled by bob at 2026-03-02T12:00:00Z): wait until what is at work has stopped, then `freshet clear` it",
    });
  });

  test("on a run that ends for another reason, which", () => {
    const scene = aScene(CHAIN, { runTimeoutMs: HOUR_MS }).after(HOUR_MS).wake();

    expect(problem(scene, aMark("success", "a"))?.message).toMatch(/ended \(the run ran longer than its timeout\)/u);
    expect(problem(scene, aPauseOf())?.code).toBe("RUN_ENDING");
    expect(problem(scene, aRetryNow())?.code).toBe("RUN_ENDING");
  });

  test("if it cancels what is being cancelled, with the reason of that if there is one", () => {
    const text = (scene: Scene): string | undefined => problem(scene, { type: "cancel" })?.message;

    expect(text(cancelling())).toBe(
      "run 'orders.run-1' is being cancelled already, by bob at 2026-03-02T12:00:00Z (wrong day): what is still at work is being stopped",
    );
    expect(text(cancelling(""))).toMatch(/12:00:00Z: what is still/u);
  });

  test("if it marks tasks of a cancelled run, which would go on then", () => {
    expect(problem(cancelled(), aMark("success", "b"))).toEqual({
      code: "RUN_ENDED",
      message:
        "run 'orders.run-1' was cancelled: what was not done then would run too; `freshet clear` says what, and does that",
    });
    expect(problem(ended(), aMark("success", "b"))).toBeUndefined();
  });

  test("if the run has ended, and says what works", () => {
    expect(problem(ended(), aRetryNow())).toEqual({
      code: "RUN_ENDED",
      message: "run 'orders.run-1' has ended already: failed; `freshet clear` runs tasks of it again",
    });
  });

  test.each<[string, () => Scene, RunAction, string]>([
    [
      "has not started",
      () => aScene(CHAIN),
      aClear(["c"]),
      "nothing of run 'orders.run-1' is to be cleared: 'c' (none); what has not started runs in its turn",
    ],
    [
      "has not failed",
      () => aScene(CHAIN),
      aClear([], { onlyFailed: true }),
      "nothing of run 'orders.run-1' has failed",
    ],
    [
      "was selected and has not failed",
      () => aScene(CHAIN),
      aClear(["a"], { onlyFailed: true }),
      "nothing of what was selected has failed",
    ],
    ["is marked so already", ended, aMark("failed", "a"), "nothing is to be marked: 'a' (failed)"],
    [
      "is among what failed",
      () => aScene(CHAIN),
      { ...aMark("success"), selection: aSelection([], { onlyFailed: true }) },
      "nothing of what was selected has failed",
    ],
    [
      "does not wait for a try",
      () => aScene(CHAIN),
      aRetryNow(),
      "no task waits for its next try; `freshet clear` runs tasks again that have ended",
    ],
    [
      "does not wait, by its name",
      () => waiting(),
      aRetryNow("z"),
      "no task waits for its next try: 'z' (queued); `freshet clear` runs tasks again that have ended",
    ],
    ["is not paused", () => aScene(CHAIN), aResumeOf(), "run 'orders.run-1' is not paused"],
    ["is not paused itself", () => aScene(CHAIN).tell(aPauseOf("a")), aResumeOf("b"), "'b' (none) is not paused"],
    [
      "is paused as part of its run",
      () => aScene(CHAIN).tell(aPauseOf()),
      aResumeOf("b"),
      "'b' (none) is not paused; the run is: `freshet resume orders.run-1`",
    ],
    [
      "is paused already",
      () => aScene(CHAIN).tell(aPauseOf("b")),
      aPauseOf("b"),
      "task 'b' is paused already, by ann since 2026-03-02T12:00:00Z",
    ],
    [
      "is a run that is paused already",
      () => aScene(CHAIN).tell(aPauseOf("b"), aPauseOf()),
      aPauseOf(),
      "run 'orders.run-1' is paused already, by ann since 2026-03-02T12:00:00Z",
    ],
    [
      "waits, but its run is paused",
      () => waiting().tell(aPauseOf()),
      aRetryNow(),
      "the run is paused by ann: `freshet resume` it first",
    ],
    [
      "waits, but is paused",
      () => waiting().tell(aPauseOf("a")),
      aRetryNow("a"),
      "task 'a' is paused by ann: `freshet resume` it first",
    ],
  ])("if nothing that it names %s", (_what, scene, action, message) => {
    expect(problem(scene(), action)).toEqual({ code: "NOTHING_TO_DO", message });
  });

  test("if all that waits for a try waits for its hours as well, and says until when", () => {
    const night = { allowedHours: { from: 11 * 60, to: 12 * 60 + 1 }, ...RETRIED };
    const scene = waiting([aTaskSpec("a", night), aTaskSpec("z", RETRIED)]).after(2 * MINUTE_MS);
    expect(problem(scene, aRetryNow())?.message).toBe(
      "'a' (up_for_retry); it is tried again at 2026-03-03T11:00:00Z, when its allowedHours begin",
    );

    scene.fail("z");

    expect(problem(scene, aRetryNow())).toBeUndefined();
  });

  test.each<[string, RunAction]>([
    ["resumes", aResumeOf("x")],
    ["pauses", aPauseOf("x")],
    ["retries", aRetryNow("x")],
    ["marks", aMark("success", "x")],
  ])("if it %s a task that there is not", (_what, action) => {
    expect(problem(aScene(CHAIN), action)).toMatchObject({
      code: "TASK_NOT_FOUND",
      message: expect.stringMatching(/has no task 'x'.*; it has a, b, c$/u) as string,
    });
  });

  test("not if some of what it names is to be paused, or resumed", () => {
    expect(problem(aScene(CHAIN).tell(aPauseOf("b")), aPauseOf("b", "c"))).toBeUndefined();
    expect(problem(aScene(CHAIN).tell(aPauseOf("b")), aResumeOf("b", "c"))).toBeUndefined();
    expect(problem(aScene(CHAIN).tell(aPauseOf("b")), aResumeOf())).toBeUndefined();
  });
});
