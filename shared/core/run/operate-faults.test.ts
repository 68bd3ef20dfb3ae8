import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HAND,
  aClear,
  aManifest,
  aMark,
  aPauseOf,
  aResumeOf,
  aRetryNow,
  aScene,
  aSelection,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunAction } from "../operation.ts";
import { judge } from "./operate.ts";

const CHAIN = [
  aTaskSpec("extract"),
  aTaskSpec("load", { after: ["extract"] }),
  aTaskSpec("report", { after: ["load"] }),
];

const failed = (): Scene => aScene(CHAIN).fail("extract");

const problemOf = (scene: Scene, action: RunAction): string => {
  const [problem] = judge(scene.run, aManifest({ tasks: CHAIN }), { ...action, ...HAND }, scene.now).problems;
  return problem === undefined ? "none" : `${problem.code}: ${problem.message}`;
};

describe("an operation that makes no sense", () => {
  test.each<[string, Scene, RunAction, string]>([
    [
      "of a task that is not there",
      failed(),
      aClear(["extrct"]),
      "TASK_NOT_FOUND: .* which has no task 'extrct'; did you mean 'extract'",
    ],
    [
      "of an instance of a task that is not mapped",
      failed(),
      { type: "clear", selection: { ...aSelection([]), tasks: [{ taskId: "load", mapIndex: 3 }] } },
      "TASK_NOT_FOUND: task 'load' is not mapped",
    ],
    [
      "on a run that is being cancelled",
      aScene(CHAIN).tell(CANCEL),
      aClear(["extract"]),
      "RUN_ENDING: .*cancelled by ann",
    ],
    [
      "that cancels twice",
      aScene(CHAIN).tell(CANCEL),
      { type: "cancel" },
      "RUN_ENDING: .* is being cancelled already, by ann",
    ],
    ["that cancels what has ended", failed(), { type: "cancel" }, "RUN_ENDED: .* has ended already: failed"],
    ["that clears what has not started", aScene(CHAIN), aClear(["report"]), "NOTHING_TO_DO: .*'report' \\(none\\)"],
    [
      "that clears failures where there are none",
      aScene(CHAIN),
      aClear([], { onlyFailed: true }),
      "NOTHING_TO_DO: nothing of run .* has failed",
    ],
    ["that marks what is so already", failed(), aMark("failed", "extract"), "NOTHING_TO_DO: nothing is to be marked"],
    ["that retries what does not wait", failed(), aRetryNow("extract"), "RUN_ENDED"],
    [
      "that retries where nothing waits",
      aScene(CHAIN),
      aRetryNow("extract"),
      "NOTHING_TO_DO: no task waits for its next try: 'extract' \\(queued\\)",
    ],
    ["that pauses what has ended", failed(), aPauseOf(), "RUN_ENDED"],
    [
      "that pauses twice",
      aScene(CHAIN).tell(aPauseOf()),
      aPauseOf(),
      "NOTHING_TO_DO: .* is paused already, by ann since 2026-",
    ],
    ["that resumes what is not paused", aScene(CHAIN), aResumeOf(), "NOTHING_TO_DO: .* is not paused"],
    [
      "that resumes a task of a paused run",
      aScene(CHAIN).tell(aPauseOf()),
      aResumeOf("load"),
      "NOTHING_TO_DO: .*; the run is: `freshet resume",
    ],
  ])("%s is refused, and changes nothing", (_what, scene, action, expected) => {
    expect(problemOf(scene, action)).toMatch(new RegExp(`^${expected}`));
    expect(scene.tell({ ...action, ...HAND }).changed).toBe(false);
  });
});
