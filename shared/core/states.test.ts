import { describe, expect, test } from "vitest";
import { RUN_STATES, TASK_STATE, TASK_STATES, isRunEnded, type TaskState } from "./states.ts";

const reached = (from: TaskState): ReadonlySet<TaskState> => {
  const found = new Set<TaskState>();
  const open: TaskState[] = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const next of TASK_STATE[state].next) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
};
const statesThat = (holds: (state: TaskState) => boolean): readonly TaskState[] => TASK_STATES.filter(holds);

describe("the states of a task", () => {
  test("have their places in the stored form for ever", () => {
    expect(TASK_STATES).toEqual([
      "none",
      "scheduled",
      "queued",
      "running",
      "success",
      "failed",
      "skipped",
      "upstream_failed",
      "up_for_retry",
      "up_for_reschedule",
      "deferred",
      "restarting",
      "removed",
    ]);
  });

  test("that end it are these, and lead nowhere without an operator", () => {
    const ends = ["success", "failed", "skipped", "upstream_failed", "removed"];

    expect(statesThat((state) => TASK_STATE[state].terminal)).toEqual(ends);
    expect(statesThat((state) => TASK_STATE[state].next.length === 0)).toEqual(ends);
  });

  test("in which code may be running, or about to, are these", () => {
    expect(statesThat((state) => TASK_STATE[state].inFlight)).toEqual(["queued", "running", "restarting"]);
  });

  test.each(TASK_STATES.filter((state) => !TASK_STATE[state].terminal))(
    "%s can come to each end of an attempt",
    (state) => {
      expect([...reached(state)]).toEqual(expect.arrayContaining(["success", "failed", "skipped"]));
    },
  );

  test("can all be reached by a task that begins, without an operator", () => {
    expect([...reached("none")].toSorted()).toEqual(TASK_STATES.filter((state) => state !== "none").toSorted());
  });

  test("know only moves to states that there are", () => {
    expect(
      TASK_STATES.flatMap((state) => TASK_STATE[state].next).filter((next) => !TASK_STATES.includes(next)),
    ).toEqual([]);
  });

  test("from which one may start are those in which nothing is in flight", () => {
    expect(statesThat((state) => TASK_STATE[state].next.includes("queued"))).toEqual([
      "none",
      "scheduled",
      "up_for_retry",
      "up_for_reschedule",
      "deferred",
      "restarting", // Its attempt is closed by then.
    ]);
  });

  test("that an attempt can fail into, to be tried again, are those of one that was sent, or of instances", () => {
    expect(statesThat((state) => TASK_STATE[state].next.includes("up_for_retry"))).toEqual([
      "queued",
      "running",
      "deferred",
      "restarting",
    ]);
  });

  test("that can be decided by what is above a task are those in which it has not begun, and that of a mapped one", () => {
    expect(statesThat((state) => TASK_STATE[state].next.includes("upstream_failed"))).toEqual(["none", "deferred"]);
  });

  test("that are closed before anything else may happen are those in which code may be running", () => {
    expect(statesThat((state) => TASK_STATE[state].next.includes("restarting"))).toEqual(["queued", "running"]);
  });
});

test("a run has ended unless it is queued or running", () => {
  expect(RUN_STATES.filter(isRunEnded)).toEqual(["success", "failed", "cancelled"]);
});
