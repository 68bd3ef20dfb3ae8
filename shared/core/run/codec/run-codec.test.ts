import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  NOON,
  aFailure,
  aRetrySpec,
  aRun,
  aScene,
  aTaskSpec,
  aTaskTable,
  type Scene,
} from "../../../../test/builders/index.ts";
import { CAUSE_TEXTS_LENGTH_MAX } from "./detail-codec.ts";
import type { RunId } from "../../ids.ts";
import type { Run, TaskDetail, TaskTable } from "../../run.ts";
import { decodeRun, encodeRun } from "./run-codec.ts";
import { TASK_STATES, type TaskState } from "../../states.ts";
import { instant, plus } from "../../time.ts";

const RECORD_BYTES_MAX = 350 * 1024;

const sizeOf = (run: Run): number => {
  const { head, tasks } = encodeRun(run);
  return new TextEncoder().encode(head).length + tasks.length;
};

const aTime = fc.integer({ min: NOON - 1e9, max: NOON + 1e12 }).map(instant);
const aText = fc.string({ maxLength: 20, unit: "grapheme" });
const aCause = fc.oneof(
  fc.record({ code: fc.constantFrom("rule" as const, "lost" as const, "deadlock" as const), text: aText }),
  fc.record({
    code: fc.constantFrom("error" as const, "retries_exhausted" as const),
    text: aText,
    class: fc.constantFrom("transient" as const, "timeout" as const),
    name: aText,
  }),
);
const aTarget = fc.oneof(
  fc.record({ to: fc.constantFrom("failed" as const, "skipped" as const), cause: aCause }),
  fc.record({
    to: fc.constant("retry" as const),
    class: fc.constantFrom("lost" as const, "timeout" as const),
    text: aText,
  }),
);
const aDetail: fc.Arbitrary<TaskDetail> = fc.record(
  {
    since: aTime,
    due: aTime,
    cause: aCause,
    sends: fc.nat(),
    queuedAt: aTime,
    losses: fc.nat(5),
    taken: fc.nat(8),
    triesBefore: fc.nat(70_000),
    firstFailureAt: aTime,
    target: aTarget,
    reason: fc.constantFrom("lost" as const, "cancelled" as const),
    lease: aTime,
    chosen: fc.array(aText, { maxLength: 4 }),
    length: fc.nat({ max: 50_000 }),
    unmappable: fc.array(aText, { maxLength: 2 }),
    child: aText.map((text) => text as RunId),
  },
  { requiredKeys: ["since"] },
);

/** Stretches of slots that share state, attempt and detail, as one decision leaves them. */
const aTable: fc.Arbitrary<TaskTable> = fc
  .array(
    fc.record({
      count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 600 })),
      state: fc.constantFrom(...TASK_STATES),
      attempt: fc.constantFrom(0, 1, 2, 127, 128, 65_535),
      detail: fc.option(aDetail, { nil: undefined }),
    }),
    { maxLength: 9 },
  )
  .map((stretches) => {
    const slots = stretches.flatMap(({ count, ...slot }) => Array.from({ length: count }, () => slot)).slice(0, 5_000);
    return {
      states: Uint8Array.from(slots, ({ state }) => TASK_STATES.indexOf(state)),
      attempts: Uint16Array.from(slots, ({ attempt }) => attempt),
      details: slots.map(({ detail }) => detail),
      expansions: [],
    };
  });

describe("what is stored of a run", () => {
  const DETAIL = { since: NOON, cause: { code: "lost" as const, text: "its worker died" } };
  const many = (count: number, state: TaskState): TaskState[] => Array.from({ length: count }, () => state);

  test.each<[string, Parameters<typeof aTaskTable>[0]]>([
    ["no tasks", []],
    ["one task", ["restarting"]],
    ["each state once", TASK_STATES],
    ["each state once, and one more", [...TASK_STATES, "removed"]],
    ["many alike", [...many(40, "success"), ...many(9, "queued")]],
    ["as many alike as is just shorter", [...many(7, "success"), ...many(5, "failed")]],
    ["as many alike as is just not shorter", [...many(6, "success"), ...many(5, "failed")]],
    ["attempts beyond a byte", ["none", { state: "running", attempt: 300 }, { state: "failed", attempt: 300 }]],
    ["one that is known to wait", ["none", { state: "up_for_retry", attempt: 1, detail: DETAIL }, "none"]],
    ["some that are", [{ state: "failed", detail: DETAIL }, "queued", { state: "queued", detail: { since: NOON } }]],
  ])("with %s gives back the same", (_what, slots) => {
    const run = aRun({ tasks: aTaskTable(slots) });

    expect(decodeRun(encodeRun(run))).toEqual(run);
  });

  test("is as it has been, so that what was stored before can still be read", () => {
    const waiting = { state: "up_for_retry", attempt: 1, detail: DETAIL } as const;
    const parts = (slots: Parameters<typeof aTaskTable>[0]): unknown => {
      const { head, tasks } = encodeRun(aRun({ tasks: aTaskTable(slots) }));
      const { slots: count, runs, tables } = JSON.parse(head) as Readonly<Record<string, unknown>>;
      return [count, runs, tables, tasks.join(" ")];
    };
    const tables = { texts: ["its worker died"], causes: [{ code: "lost" }], targets: [], reasons: [], names: [] };

    expect(parts(["success", waiting, "none"])).toEqual([
      3,
      undefined,
      tables,
      "132 0 1 0 1 1 1 0 1 0 2 1 129 8 0 1 0 0 0",
    ]);
    expect(parts([...many(40, "success"), waiting])).toEqual([
      41,
      2,
      tables,
      "40 4 1 8 40 0 1 1 1 0 40 1 129 8 0 1 0 0 0",
    ]);
    expect(parts(many(40, "success"))).toEqual([40, 1, undefined, "40 4 40 0 0"]);
    // Whichever is shorter: stretches, or two states a byte.
    expect(parts([...many(7, "success"), ...many(5, "failed")])).toEqual([12, 2, undefined, "7 4 5 5 12 0 0"]);
    expect(parts([...many(6, "success"), ...many(5, "failed")])).toEqual([
      11,
      undefined,
      undefined,
      "68 68 68 85 85 5 11 0 0",
    ]);
  });

  test("in more stretches than it has tasks is refused", () => {
    const { head, tasks } = encodeRun(aRun({ tasks: aTaskTable(many(40, "success")) }));

    expect(() => decodeRun({ head, tasks: tasks.with(0, 41) })).toThrow(
      new RangeError("packed states reach to slot 41 of 40"),
    );
  });

  test("gives back the same run", () => {
    fc.assert(
      fc.property(aTable, fc.nat(1e6), (tasks, transitions) => {
        const run = aRun({ tasks, transitions, params: { ["__proto__"]: 1, day: "monday" } });

        expect(decodeRun(encodeRun(run))).toEqual(run);
      }),
      { numRuns: 100 },
    );
  });

  test("is the same for what it gave back", () => {
    fc.assert(
      fc.property(aTable, (tasks) => {
        const encoded = encodeRun(aRun({ tasks }));

        expect(encodeRun(decodeRun(encoded))).toEqual(encoded);
      }),
      { numRuns: 50 },
    );
  });

  test("keeps shared details shared", () => {
    const detail = { since: NOON };
    const run = aRun({ tasks: aTaskTable([{ state: "queued", detail }, { state: "queued", detail }, "none"]) });

    const [first, second] = decodeRun(encodeRun(run)).tasks.details;

    expect(first).toBe(second);
  });

  test("by a newer Freshet is refused, so that nothing is ever written over it", () => {
    const { head, tasks } = encodeRun(aRun());
    const newer = { head: head.replace('"schema":1', '"schema":2'), tasks };

    expect(() => decodeRun(newer)).toThrow(expect.objectContaining({ code: "RECORD_NEWER" }));
    expect(() => decodeRun(newer)).toThrow("run 'orders.run-1' has schema 2; this Freshet knows schema 1: upgrade it");
  });

  test.each([
    ["ends too soon", (tasks: Uint8Array) => tasks.slice(0, -1)],
    ["is empty", () => new Uint8Array()],
  ])("is refused if its packed part %s", (_, damage) => {
    const { head, tasks } = encodeRun(
      aRun({ tasks: aTaskTable([{ state: "queued", attempt: 1, detail: { since: NOON } }]) }),
    );

    expect(() => decodeRun({ head, tasks: damage(tasks) })).toThrow(RangeError);
  });

  test.each([
    ["open", { name: "by 07:00", at: plus(NOON, 5) }],
    ["missed", { name: "by 07:00", at: plus(NOON, -5), missedAt: plus(NOON, 7) }],
  ])("has a deadline that is %s", (_, deadline) => {
    const run = aRun({ deadlines: [deadline] });

    expect(decodeRun(encodeRun(run))).toEqual(run);
  });

  test("takes little room for a deadline", () => {
    const deadlines = [{ name: "2h after it is due", at: plus(NOON, 7_200_000) }];

    expect(sizeOf(aRun({ deadlines })) - sizeOf(aRun())).toBeLessThan(45);
  });

  test("has the places of the instances of its maps", () => {
    const expansions = [{ slot: 0, number: 2, length: 3, first: 0, base: 1, rows: 3, list: 1, attemptBase: 0 }];
    const run = aRun({ tasks: { ...aTaskTable(["none"]), expansions } });

    expect(decodeRun(encodeRun(run)).tasks.expansions).toEqual(expansions);
  });

  describe("of one task is refused, and says why, if", () => {
    /** The packed part with one of its bytes changed; a place below zero counts from the end. */
    const damaged = (place: number, value: number): (() => Run) => {
      const detail = { since: NOON, cause: { code: "lost" as const, text: "its worker died" } };
      const { head, tasks } = encodeRun(aRun({ tasks: aTaskTable([{ state: "queued", attempt: 1, detail }]) }));
      return () => decodeRun({ head, tasks: tasks.with(place < 0 ? tasks.length + place : place, value) });
    };

    test.each([
      ["attempts are of no slot", 1, 0, "packed attempts do not fit 1 slots"],
      ["attempts are of more slots", 1, 2, "packed attempts do not fit 1 slots"],
      ["rows reach behind its end", 5, 2, "packed details reach to slot 2 of 1"],
      ["a row points to no text", -1, 1, "packed details point to entry 1 of 1"],
      ["a row points to no cause", -2, 7, "packed details point to entry 7 of 1"],
    ])("%s", (_, place, value, message) => {
      expect(damaged(place, value)).toThrow(new RangeError(message));
    });
  });
});

describe("the size of a record", () => {
  const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `task-${index}`);
  const aFanOut = (count: number): Scene =>
    aScene(ids(count).map((id) => aTaskSpec(id, { retry: aRetrySpec({ retries: 3, jitter: "full" }) })));

  test("of 2,000 tasks that started together, or have all succeeded, is small", () => {
    const scene = aFanOut(2_000);
    expect(sizeOf(scene.run)).toBeLessThan(2_000);

    const done = ids(2_000);
    for (let first = 0; first < done.length; first += 10) scene.after(1).succeed(...done.slice(first, first + 10));

    expect([scene.run.state, sizeOf(scene.run) < 2_000]).toEqual(["success", true]);
  });

  test("while every second of 2,000 tasks has succeeded is small", () => {
    const scene = aFanOut(2_000);
    scene.succeed(...ids(2_000).filter((_, index) => index % 2 === 0));

    expect(sizeOf(scene.run)).toBeLessThan(16_000);
  });

  test("of 5,000 tasks that all wait for their next try, each with a message of its own, stays within bounds", () => {
    const scene = aFanOut(5_000);
    const all = ids(5_000);
    for (let first = 0; first < all.length; first += 50) {
      scene
        .after(7)
        .tell(
          ...all
            .slice(first, first + 50)
            .map((id) => scene.completed(id, aFailure({ message: `${id} ${"could not be read; ".repeat(50)}` }))),
        );
    }

    expect(scene.detail("task-4999")?.due).toBeDefined();
    expect(sizeOf(scene.run)).toBeLessThan(RECORD_BYTES_MAX / 2);
  });
  test("shortens texts only as far as all together need it", () => {
    const text = "x".repeat(CAUSE_TEXTS_LENGTH_MAX / 4);
    const withTexts = (count: number): Run =>
      aRun({
        tasks: aTaskTable(
          Array.from({ length: count }, (_, index) => ({
            state: "failed" as const,
            detail: { since: NOON, cause: { code: "rule" as const, text: `${index}${text}` } },
          })),
        ),
      });
    const lengths = (run: Run): unknown =>
      decodeRun(encodeRun(run)).tasks.details.map((detail) => detail?.cause?.text.length);

    expect(lengths(withTexts(3))).toEqual([text.length + 1, text.length + 1, text.length + 1]);
    expect(lengths(withTexts(10))).toEqual(Array.from({ length: 10 }, () => CAUSE_TEXTS_LENGTH_MAX / 10));
  });
});
