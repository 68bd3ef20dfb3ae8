import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HOUR_MS,
  NOON,
  aClear,
  aMapSpec,
  aMark,
  aPauseOf,
  aRetryNow,
  aRetrySpec,
  aScene,
  aSelection,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";
import { taskId, type RunId } from "../ids.ts";
import type { RunAction, Signature } from "../operation.ts";
import { chunkManifest } from "../plan.ts";
import type { Run } from "../run.ts";
import { advance } from "./advance.ts";
import { newChunk } from "./chunk.ts";
import { judge } from "./operate.ts";

const RETRIED = { retry: aRetrySpec({ retries: 1, delayMs: HOUR_MS }) };

const judged = (scene: Scene, action: RunAction & Signature, chunks?: ReadonlyMap<RunId, Run>) =>
  judge(scene.run, scene.manifest, action, scene.now, chunks);
/** `a: failed -> none (selected)`, of an instance `load[1]: ...`. */
const told = (...given: Parameters<typeof judged>): readonly string[] =>
  judged(...given).changes.map(
    ({ taskId: id, mapIndex, from, to, because }) =>
      `${id}${mapIndex === null ? "" : `[${mapIndex}]`}: ${from} -> ${to} (${because})`,
  );

/** `load` is mapped over four items of `list`; `x` is above it, too. */
const aMap = (map: Parameters<typeof aMapSpec>[1] = {}, rule: "all_success" | "all_done" = "all_success"): Scene =>
  aScene([
    aTaskSpec("list"),
    aTaskSpec("x"),
    aTaskSpec("load", { after: ["list", "x"], rule, map: aMapSpec("list", map), ...RETRIED }),
  ]);
const ref = (mapIndex: number) => ({ taskId: "load", mapIndex });
const marking = (...indexes: readonly number[]): RunAction & Signature => ({
  ...aMark("success"),
  selection: aSelection([], { tasks: indexes.map(ref) }),
});
const clearing = (...indexes: readonly number[]): RunAction & Signature => aClear([], { tasks: indexes.map(ref) });

/** Two chunks of two, and their records, to which `events` have happened. */
const chunked = (events: (chunk: Run) => readonly RunEvent[] = () => []) => {
  const scene = aMap({ chunkWidth: 2 }).succeed("x").giveList("list", 4);
  const alone = chunkManifest(scene.manifest, taskId("load"));
  const records = scene.all("tell").flatMap(({ effect }) => {
    const made = effect.kind === "chunk_order" ? newChunk(scene.run, scene.manifest, effect, NOON) : undefined;
    if (made === undefined || effect.kind !== "chunk_order") return [];
    const { run } = advance(made, alone, [{ type: "chunk_ordered", order: effect.order }], NOON);
    return [events(run).reduce((chunk, event) => advance(chunk, alone, [event], NOON).run, run)];
  });
  return { scene, chunks: new Map(records.map((run) => [run.runId, run])) };
};
const ends = (mapIndex: number, outcome: "success" | "failed"): ((run: Run) => readonly RunEvent[]) => {
  const error = { name: "Error", message: "no", class: "transient" } as const;
  const said =
    outcome === "success"
      ? ({ kind: "success", output: { kind: "none" } } as const)
      : ({ kind: "failed", error } as const);
  return ({ runId, epoch }) => [
    { type: "completed", key: { runId, taskId: taskId("load"), mapIndex, attempt: 1 }, epoch, outcome: said },
  ];
};

describe("instances in chunks", () => {
  test("that are so already are left out, and nothing is wrong with the others", () => {
    const { scene, chunks } = chunked(ends(0, "success"));

    expect(told(scene, marking(0, 1), chunks)).toEqual(["load[1]: queued -> success (selected)"]);
    expect(judged(scene, marking(0, 1), chunks).problems).toEqual([]);
  });

  test("that are all so already make an operation vain, which leaves the run as it is", () => {
    const { scene, chunks } = chunked(ends(0, "success"));

    expect(judged(scene, marking(0), chunks)).toMatchObject({
      changes: [],
      problems: [{ code: "NOTHING_TO_DO", message: "nothing is to be marked: what was selected is success already" }],
    });
  });

  test("are tried again only if they wait for it", () => {
    const { scene, chunks } = chunked((run) => [...ends(0, "success")(run), ...ends(1, "failed")(run)]);

    expect(told(scene, aRetryNow("load"), chunks)).toEqual(["load[1]: up_for_retry -> queued (selected)"]);
  });

  test("are left out that an earlier operation, which they have yet to hear of, is about", () => {
    const { scene, chunks } = chunked();
    scene.tell(clearing(0));

    expect(told(scene, clearing(1), chunks)).toEqual(["load[1]: queued -> none (selected)"]);
  });

  test("are one line with their task where that is taken as a whole", () => {
    const { scene, chunks } = chunked();

    expect(told(scene, aMark("success", "load"), chunks)).toEqual(["load: deferred -> success (selected)"]);
    expect(told(scene, aClear(["load"]), chunks)).toEqual(["load: deferred -> deferred (selected)"]);
  });

  test("of which nobody has the records are not told of, and that is no problem", () => {
    const { scene } = chunked();

    expect(judged(scene, clearing(1))).toMatchObject({ changes: [], problems: [] });
    expect(judged(scene, clearing(1), new Map([[scene.run.runId, scene.run]])).changes).toEqual([]);
  });

  test("that the end of the run cut short run again with whatever is cleared", () => {
    const cause = { code: "cancelled", text: "cancelled by ann" } as const;
    const order = {
      number: 2,
      allowance: null,
      stop: false,
      held: false,
      hands: [],
      end: { reason: "cancelled", cause },
    } as const;
    const closed = { status: "closed", owner: "w", startedAt: NOON, endedAt: NOON, reason: "cancelled" } as const;
    const { scene, chunks } = chunked(({ runId, origin }) => {
      const first = origin.kind === "chunk" ? 2 * origin.index : 0;
      const keys = [first, first + 1].map((mapIndex) => ({ runId, taskId: taskId("load"), mapIndex, attempt: 1 }));
      const seen = keys.map((key): RunEvent => ({ type: "attempt_seen", key, item: closed }));
      return [{ type: "chunk_ordered", order }, ...seen];
    });
    scene.tell(aPauseOf("x")).tell(CANCEL);
    for (const index of [0, 1]) {
      const counts = {
        success: 0,
        skipped: 2,
        failed: 0,
        open: 0,
        attempt: 1,
        retried: false,
        barred: false,
        failures: [],
      };
      scene.tell({
        type: "chunk_report",
        expansion: 1,
        index,
        version: 9,
        heard: 2,
        ended: true,
        cut: true,
        ...counts,
      });
    }
    expect(scene.run.state).toBe("cancelled");

    expect(told(scene, aClear(["x"]), chunks)).toEqual([
      "x: success -> none (selected)",
      "load: skipped -> deferred (instances)",
      ...[0, 1, 2, 3].map((index) => `load[${index}]: skipped -> none (unfinished)`),
    ]);
    expect(judged(scene, aClear(["x"]), chunks).problems).toEqual([]);
    expect(scene.tell(aClear(["x"])).all("tell")).toMatchObject(
      [0, 1].map(() => ({ effect: { order: { hands: [{ to: "none", indexes: "cut" }] } } })),
    );
  });

  test("of which none has failed after all make clearing what failed vain, and say so", () => {
    const { scene, chunks } = chunked(ends(0, "success"));
    const counts = {
      success: 0,
      skipped: 0,
      failed: 1,
      open: 1,
      attempt: 1,
      retried: false,
      cut: false,
      barred: false,
    };
    scene.tell({
      type: "chunk_report",
      expansion: 1,
      index: 0,
      version: 9,
      heard: 1,
      ended: false,
      ...counts,
      failures: [],
    });

    expect(judged(scene, aClear(["load"], { onlyFailed: true }), chunks).problems).toEqual([
      { code: "NOTHING_TO_DO", message: "nothing of what was selected has failed" },
    ]);
  });

  test("are nothing to a pause", () => {
    const { scene, chunks } = chunked();

    expect(judged(scene, aPauseOf("load"), chunks)).toMatchObject({ changes: [], problems: [], paused: ["load"] });
  });

  test("are told by whose hand they are tried again", () => {
    const { scene } = chunked();
    const orders = scene.tell(aRetryNow("load")).all("tell");

    expect(orders).toMatchObject(
      [0, 1].map(() => ({
        effect: { order: { hands: [{ cause: { code: "cleared", text: "retried by ann: bad data" } }] } },
      })),
    );
  });
});
