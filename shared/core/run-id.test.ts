import { describe, expect, test } from "vitest";
import { NOON, anAttemptKey } from "../../test/builders/index.ts";
import { dagId, dagOfRun, idFault, triggerId } from "./ids.ts";
import {
  arrivalRunId,
  backfillIdOf,
  childRunId,
  chunkRunId,
  idempotentRunId,
  manualRunId,
  scheduledRunId,
} from "./run-id.ts";
import { plus } from "./time.ts";

const ORDERS = dagId("orders");

test("a scheduled run is named by its date, so that whoever makes it makes the same one", () => {
  expect(scheduledRunId(ORDERS, NOON)).toBe("orders.scheduled.20260302T120000Z");
  expect(scheduledRunId(ORDERS, plus(NOON, 5))).toBe("orders.scheduled.20260302T120000-005Z");
});

test("a run of arrivals is named by its trigger and window", () => {
  expect(arrivalRunId(ORDERS, triggerId("files"), 7)).toBe("orders.files.000007");
});

test("manual runs of the same millisecond are told apart, those of one idempotency key are not", () => {
  expect(manualRunId(ORDERS, NOON, "ab12")).toBe("orders.manual.20260302T120000Z-ab12");
  expect(idempotentRunId(ORDERS, "00ff")).toBe("orders.manual.key-00ff");
});

test("a backfill is named as a run is", () => {
  expect(backfillIdOf(ORDERS, NOON, "ab12")).toBe("orders.backfill.20260302T120000Z-ab12");
});

test("a chunk is named by the expansion of its run, and its place", () => {
  expect(chunkRunId(scheduledRunId(ORDERS, NOON), 2, 7)).toBe("orders.scheduled.20260302T120000Z.map-2-7");
});

describe("a child run", () => {
  const child = (attempt: number): string => childRunId(ORDERS, NOON, anAttemptKey({ attempt }));

  test("is named by the attempt that starts it: this name stays for ever", () => {
    expect(child(1)).toBe("orders.child.20260302T120000Z-1bc992ab7385e7");
  });

  test("has a name of its own for each attempt, all of one length", () => {
    const names = Array.from({ length: 1_000 }, (_, index) => child(index + 1));

    expect([new Set(names).size, new Set(names.map((name) => name.length))]).toEqual([1_000, new Set([44])]);
  });
});

describe("every kind of name", () => {
  const longest = dagId("d".repeat(80));
  const names = [
    scheduledRunId(longest, plus(NOON, 5)),
    arrivalRunId(longest, triggerId("t".repeat(80)), 12_345_678),
    manualRunId(longest, plus(NOON, 5), "abcdef"),
    idempotentRunId(longest, "f".repeat(32)),
  ];

  test.each(names)("is a valid id: %s", (name) => {
    expect([idFault("run", name), dagOfRun(name)]).toEqual([undefined, longest]);
  });

  test("is none of another kind, whatever a trigger is called", () => {
    const all = [
      scheduledRunId(ORDERS, NOON),
      manualRunId(ORDERS, NOON, "ab"),
      arrivalRunId(ORDERS, triggerId("scheduled"), 1),
      arrivalRunId(ORDERS, triggerId("manual"), 1),
    ];

    expect(new Set(all).size).toBe(all.length);
  });

  test("sorts by time", () => {
    const days = [0, 1, 9, 10, 400].map((day) => scheduledRunId(ORDERS, plus(NOON, day * 86_400_000)));

    expect(days.toSorted()).toEqual(days);
  });
});
