/** What a test of a pipeline imports: `import { simulate, testTask } from "freshet/testing"`. */
export { simulate } from "./simulate.ts";
export type {
  AttemptToScript,
  OutcomeWord,
  ScriptedAttempt,
  SimulateOptions,
  SimulatedArrival,
  SimulatedOutcome,
  TaskScript,
} from "./simulation/options.ts";
export type {
  DeadlineTotals,
  PathSummary,
  PoolTotals,
  SimulatedAttempt,
  SimulatedDeadline,
  SimulatedRun,
  SimulatedTask,
  SimulatedTotals,
  Simulation,
  TaskTotals,
} from "./simulation/result.ts";
export {
  testTask,
  type BucketContents,
  type LogLine,
  type TestTaskOptions,
  type TestTaskSetting,
  type TestedTask,
} from "./test-task.ts";
