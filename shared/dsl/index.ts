/** What a pipeline imports: `import { dag, task } from "freshet"`. */
export { dag, type Dag, type DagOptions } from "./dag.ts";
export {
  branch,
  map,
  optional,
  setup,
  shortCircuit,
  task,
  teardown,
  type Choice,
  type Inputs,
  type MapOptions,
  type MappedTask,
  type Optional,
  type SetupTask,
  type Task,
  type Upstream,
} from "./task.ts";
export type { Deadline, DeadlineBy, DeadlineWithin } from "./deadline.ts";
export { triggerDag, type ChildRun, type TriggerDagOptions } from "./trigger-dag.ts";
export { pool, type Pool, type PoolOptions, type PoolUse } from "./pool.ts";
export { arrival, cron, dates, every, type Arrival, type ArrivalOptions, type Schedule } from "./schedule.ts";
export { permanent, quarantine, skip } from "./signals.ts";
export type { HookEvent, Interval, Log, MapContext, RunFacts, TaskContext } from "./context.ts";
export type { Duration, RetryOptions, TaskDefaults } from "./options.ts";
export type { ParamsSchema } from "./params.ts";
export type { Retry, RetryCallOptions } from "./runtime/retry.ts";
export type { Bucket, Storage } from "./runtime/storage.ts";
export type { StagedFile, Staging } from "./runtime/staging.ts";
export type { Published, PublishedFile } from "./runtime/publish.ts";
export type { ArrivedObject } from "../core/attempt.ts";
export type { EnvironmentFacts } from "../core/task-host.ts";
export type { JsonObject, JsonValue } from "../core/json.ts";
export type { TriggerRule } from "../core/manifest.ts";
export { FreshetError } from "../core/errors.ts";
