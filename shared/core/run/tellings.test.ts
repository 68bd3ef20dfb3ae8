import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aClear,
  aMapSpec,
  aManifest,
  aPoolId,
  aRetrySpec,
  aRun,
  aScene,
  aTaskSpec,
} from "../../../test/builders/index.ts";
import { runId, taskId, type BackfillId } from "../ids.ts";
import { planOf } from "../plan.ts";
import type { EffectBody, Run, RunEffect } from "../run.ts";
import { plus, type Instant } from "../time.ts";
import { openDraft, type Draft } from "./draft.ts";
import { acknowledgeEffect, effectsDue, recordEffect, tellAgain, tellCommands } from "./effects.ts";

const draftOf = (run: Partial<Run> = {}, now: Instant = NOON): Draft => openDraft(aRun(run), planOf(aManifest()), now);
/** What has been recorded one after the other, each at NOON. */
const recorded = (...bodies: readonly EffectBody[]): Draft => {
  const draft = draftOf();
  for (const body of bodies) recordEffect(draft, body);
  return draft;
};
const numbers = ({ head }: Draft): readonly number[] => head.effects.map(({ number }) => number);
const told = (draft: Draft): readonly number[] =>
  tellCommands(draft).flatMap((command) => (command.type === "tell" ? [command.effect.number] : []));

const CHILD = { childId: runId("load.child"), taskId: taskId("a"), mapIndex: -1, attempt: 1 };
const start: EffectBody = { kind: "start_child", ...CHILD };
const cancel: EffectBody = { kind: "cancel_child", started: false, ...CHILD };
const ended: EffectBody = { kind: "run_finished", state: "success", tookMs: 1 };
const report: EffectBody = { kind: "child_report", state: "failed", degraded: false, text: "" };
const order = (expansion: number, index: number): EffectBody => ({
  kind: "chunk_order",
  taskId: taskId("a"),
  expansion,
  index,
  order: { number: 1, allowance: null, stop: false, held: false, hands: [] },
});
const final = (pool: string): EffectBody => ({ kind: "pool_final", pool: aPoolId(pool) });

describe("what a run has to tell", () => {
  test("is numbered, told at once, and again until it is acknowledged", () => {
    const draft = recorded(ended);

    expect(draft.head.effects).toEqual([
      { ...ended, number: 1, epoch: 1, since: NOON, sends: 1, due: plus(NOON, 30_000) },
    ]);
    expect([told(draft), effectsDue(draft.head.effects)]).toEqual([[1], plus(NOON, 30_000)]);
  });

  test.each<[string, EffectBody, EffectBody, boolean]>([
    ["an end of the run", ended, ended, true],
    ["a child run that is cancelled before it was started", start, cancel, true],
    ["another child run", start, { ...start, childId: runId("load.other") }, false],
    ["an order to the same chunk", order(1, 0), order(1, 0), true],
    ["an order to another chunk", order(1, 0), order(1, 1), false],
    ["an order to a chunk of another expansion", order(1, 0), order(2, 0), false],
    ["a word to the same pool", final("p"), final("p"), true],
    ["a word to another pool", final("p"), final("q"), false],
    ["a report to its parent", report, report, true],
    ["something else", ended, report, false],
  ])("is overtaken by what says more of the same: %s", (_what, older, newer, overtaken) => {
    expect(numbers(recorded(older, newer))).toEqual(overtaken ? [2] : [1, 2]);
  });

  test("of an earlier epoch to its parent stays: the parent waits for the end of one", () => {
    const draft = recorded(report);
    draft.head = { ...draft.head, epoch: 2 };

    recordEffect(draft, report);

    expect(numbers(draft)).toEqual([1, 2]);
  });

  test("of an epoch that a backfill held is told to that, besides what its DAG is told", () => {
    const draft = recorded(ended);
    const heldBy = { backfillId: "orders.backfill" as BackfillId, epoch: 2 };
    draft.head = { ...draft.head, epoch: 2, heldBy };

    recordEffect(draft, ended);

    expect(numbers(draft)).toEqual([1, 2]);
  });
});

describe("what has not been acknowledged", () => {
  const waiting = (dueMs: number, now: number): Draft => {
    const effect = { ...ended, number: 1, epoch: 1, since: NOON, sends: 1, due: plus(NOON, dueMs) } as RunEffect;
    return draftOf({ effects: [effect], effectsRecorded: 1 }, plus(NOON, now));
  };

  test.each([
    ["when it is due", MINUTE_MS, MINUTE_MS, false, [1]],
    ["not before", MINUTE_MS, MINUTE_MS - 1, false, []],
    ["at once by whoever tells everything again", MINUTE_MS, 0, true, [1]],
  ])("is told again %s", (_when, due, now, all, again) => {
    const draft = waiting(due, now);

    tellAgain(draft, all);

    expect(told(draft)).toEqual(again);
  });

  test.each([
    ["half of the time that it has waited", 10 * MINUTE_MS, 5 * MINUTE_MS],
    ["an hour at the most", 10 * HOUR_MS, HOUR_MS],
    ["half a minute at least", 1, 30_000],
  ])("is told again after %s", (_what, waited, wait) => {
    const draft = waiting(0, waited);

    tellAgain(draft, false);

    expect(draft.head.effects).toMatchObject([{ sends: 2, due: plus(NOON, waited + wait) }]);
  });

  test("is told once by one decision", () => {
    const draft = waiting(0, 1);
    tellAgain(draft, false);

    tellAgain(draft, true);

    expect(draft.head.effects).toMatchObject([{ sends: 2 }]);
  });

  test("leaves others alone that are not due", () => {
    const draft = waiting(0, 1);
    recordEffect(draft, report);

    tellAgain(draft, true);

    expect(draft.head.effects.map(({ sends }) => sends)).toEqual([2, 1]);
  });
});

describe("an acknowledgement", () => {
  test("takes away what it names, and nothing else", () => {
    const draft = recorded(ended, report);

    acknowledgeEffect(draft, 1);

    expect(numbers(draft)).toEqual([2]);
  });

  test("of what is there no more changes nothing", () => {
    const draft = draftOf();

    acknowledgeEffect(draft, 7);

    expect(draft.changed).toBe(false);
  });

  const next = { ...start, childId: runId("load.next") } as EffectBody;

  test("that a child run is cancelled lets the next one of the same instance be started", () => {
    const draft = recorded(cancel, next);
    expect(told(draft)).toEqual([1]);
    draft.tellings.clear();

    acknowledgeEffect(draft, 1);

    expect(told(draft)).toEqual([2]);
  });

  test.each([
    ["another task's", { taskId: taskId("b") }],
    ["another instance's", { mapIndex: 3 }],
  ])("that a child run is cancelled is not waited for by %s", (_whose, other) => {
    const draft = recorded(cancel, { ...next, ...other });
    expect(told(draft)).toEqual([1, 2]);
    draft.tellings.clear();

    acknowledgeEffect(draft, 1);

    expect(told(draft)).toEqual([]);
  });

  test("of anything else starts nothing", () => {
    const draft = recorded(ended, next);
    draft.tellings.clear();

    acknowledgeEffect(draft, 1);

    expect(told(draft)).toEqual([]);
  });
});

describe("the record of a run", () => {
  const RETRIED = { retry: aRetrySpec({ retries: 1 }) };

  test("holds one detail for all tasks of which it says the same", () => {
    const scene = aScene(["a", "b", "c"].map((id) => aTaskSpec(id)));
    const [first, ...others] = scene.run.tasks.details;

    expect(others.every((detail) => detail === first)).toBe(true);
  });

  test("holds another one for a task of which it says something else", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { queuedTimeoutMs: 1_000 })]);

    expect(scene.detail("a")).not.toEqual(scene.detail("b"));
  });

  test("holds a message as one line of a bounded length", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("z")]).fail("a", {
      class: "permanent",
      message: `no\n${"x".repeat(999)}`,
    });
    const text = scene.detail("a")?.cause?.text ?? "";

    expect([text.startsWith("Error: no x"), text.includes("\n"), text.length <= 300]).toEqual([true, false, true]);
  });

  test("keeps a time that it is to be looked at as long as that is early enough", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("z")];
    const scene = aScene(tasks).after(1_000).fail("a", { class: "permanent" });

    expect(scene.run.due).toBe(plus(NOON, 30_000));
  });

  test("is looked at when the first of its tasks needs it", () => {
    const tasks = [
      aTaskSpec("a", { queuedTimeoutMs: 20_000 }),
      aTaskSpec("b", { queuedTimeoutMs: 10_000 }),
      aTaskSpec("c"),
    ];

    expect(aScene(tasks).run.due).toBe(plus(NOON, 10_000));
  });

  test("does not ask after an attempt that the same decision has ended", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b")]).after(30_000);

    scene.tell({ type: "wake" }, scene.completed("a", { kind: "success", output: { kind: "none" } }));

    expect(scene.all("inspect").map(({ keys }) => keys.map((key) => key.taskId))).toEqual([["b"]]);
  });

  test("drops the rows of instances that are made anew, and those of others stay what they were", () => {
    const tasks = [
      aTaskSpec("l"),
      aTaskSpec("m", { after: ["l"], map: aMapSpec("l") }),
      aTaskSpec("n", { after: ["l"], map: aMapSpec("l"), ...RETRIED }),
    ];
    const scene = aScene(tasks)
      .giveList("l", 2)
      .succeed("m[0]", "m[1]")
      .fail("n[1]")
      .tell(aClear(["m"]));

    const states = (name: string): readonly string[] => [0, 1].map((index) => scene.state(`${name}[${index}]`));
    expect([states("m"), states("n")]).toEqual([
      ["queued", "queued"],
      ["queued", "up_for_retry"],
    ]);
    expect([scene.run.tasks.states.length, scene.run.tasks.details.length]).toEqual([7, 7]);
    expect(scene.detail("n[1]")?.cause?.text).toBe("Error: the warehouse did not answer");
  });
});
