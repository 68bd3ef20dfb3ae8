import { expect, test } from "vitest";
import { NOON, aRun } from "../../test/builders/index.ts";
import { missedText, pausedText, runText } from "./fact-text.ts";
import { dagId, taskId } from "./ids.ts";
import type { Run } from "./run.ts";

type Answers = Parameters<typeof runText>[1];

const NOBODY: Answers = { owner: null, runbook: null };
const ANN: Answers = { owner: "ann", runbook: "https://runbook" };

test.each<[string, Partial<Run>, Answers, string]>([
  [
    "a failed run says why, whom to ask, and where it says what to do",
    { state: "failed", cause: { code: "rule", text: "task 'load' failed: the disk\nis full" } },
    ANN,
    "run orders.run-1 failed: task 'load' failed: the disk is full (owner ann, runbook https://runbook)",
  ],
  [
    "a failed run of nobody's",
    { state: "failed", cause: { code: "rule", text: "task 'load' failed" } },
    NOBODY,
    "run orders.run-1 failed: task 'load' failed",
  ],
  [
    "a cancelled run says by whom",
    { state: "cancelled", cause: { code: "cancelled", text: "cancelled by ann: twice" } },
    ANN,
    "run orders.run-1 was cancelled by ann: twice",
  ],
  ["a run that failed for no known reason", { state: "failed", cause: null }, NOBODY, "run orders.run-1 failed"],
  [
    "a run that was cancelled by nobody known",
    { state: "cancelled", cause: null },
    ANN,
    "run orders.run-1 was cancelled",
  ],
  [
    "a degraded run names its owner",
    { state: "success", degraded: true },
    { ...NOBODY, owner: "ann" },
    "run orders.run-1 succeeded, degraded (owner ann)",
  ],
  ["a good run asks nothing of anybody", { state: "success" }, ANN, "run orders.run-1 succeeded"],
  ["a run that starts", { state: "running" }, ANN, "run orders.run-1 started"],
])("%s", (_, run, answers, text) => {
  expect(runText(aRun(run), answers)).toBe(text);
});

test.each<[string, Partial<Run>, Parameters<typeof missedText>[2], string]>([
  [
    "a run that is late names the tasks that it waits for",
    { state: "running" },
    [{ taskId: taskId("load"), state: "up_for_retry" }],
    "it waits for task 'load' (up_for_retry)",
  ],
  [
    "one that waits for several names each",
    { state: "running" },
    [
      { taskId: taskId("load"), state: "queued" },
      { taskId: taskId("copy"), state: "running" },
    ],
    "it waits for task 'load' (queued), task 'copy' (running)",
  ],
  ["one that has not started", { state: "queued" }, [], "it is queued"],
  [
    "one that has failed says why",
    { state: "failed", cause: { code: "rule", text: "task 'load' failed" } },
    [],
    "it is failed: task 'load' failed",
  ],
])("%s", (_, run, waitsFor, still) => {
  expect(missedText(aRun(run), { name: "by 13:00", at: NOON }, waitsFor, { owner: "ann", runbook: null })).toBe(
    `run orders.run-1 missed its deadline 'by 13:00' of 2026-03-02T12:00:00Z: ${still} (owner ann)`,
  );
});

test("a DAG that is paused says why, and whom to ask", () => {
  expect(pausedText(dagId("orders"), "3 runs in a row failed", ANN)).toBe(
    "dag orders is paused: 3 runs in a row failed (owner ann, runbook https://runbook)",
  );
});
