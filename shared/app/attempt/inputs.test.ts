import { describe, expect, test } from "vitest";
import { NOON, aDispatch, aFailure, aSuccess } from "../../../test/builders/index.ts";
import type { AttemptItem, Outcome } from "../../core/attempt.ts";
import { taskId } from "../../core/ids.ts";
import { gatherInputs } from "./inputs.ts";

const EXTRACT = taskId("extract");
const MAPPED = aDispatch().run.runId;

const finished = (outcome: Outcome): AttemptItem => ({
  status: "finished",
  owner: "ann",
  startedAt: NOON,
  endedAt: NOON,
  outcome,
});

/** What a task is given that takes what `extract` gave, where its attempts are stored so. */
const given = (items: readonly (AttemptItem | null)[], mapped: boolean) => {
  const attempts = { read: async () => items };
  const instances = [{ runId: MAPPED, first: 0, length: items.length, attempts: [items.length, 1] }];
  const upstream = [{ taskId: EXTRACT, attempt: mapped ? 0 : 1, ...(mapped ? { instances } : {}) }];
  return gatherInputs(
    { attempts, blobs: {} } as unknown as Parameters<typeof gatherInputs>[0],
    aDispatch({ upstream }),
  );
};

const GONE = "what attempt 1 of 'extract' gave is not there any more: clear 'extract' with --downstream";

describe("what the task above gave", () => {
  test("is read from its attempt", async () => {
    expect(await given([finished(aSuccess(42))], false)).toEqual({ outputs: { extract: 42 } });
  });

  test("may be nothing", async () => {
    expect(await given([finished(aSuccess())], false)).toEqual({ outputs: {} });
  });

  test("is not taken for nothing where its attempt is gone, as after a restore", async () => {
    await expect(given([null], false)).rejects.toThrow(GONE);
  });
});

describe("what the instances of a mapped task gave", () => {
  test("is read from their attempts, without those that failed", async () => {
    const items = [finished(aSuccess(1)), finished(aFailure()), finished(aSuccess(3))];

    expect(await given(items, true)).toEqual({ outputs: { extract: [1, 3] } });
  });

  test("is not taken for less where an attempt is gone", async () => {
    await expect(given([finished(aSuccess(1)), null], true)).rejects.toThrow(GONE);
  });
});
