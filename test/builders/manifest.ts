/** Manifests and what they are made of, with the defaults of the authoring API. */
import { type TaskId, dagId, taskId, triggerId } from "../../shared/core/ids.ts";
import {
  type ArrivalTriggerSpec,
  type ChildSpec,
  type CronSpec,
  MANIFEST_SCHEMA,
  MAP_CHUNK_WIDTH,
  type MapSpec,
  type Manifest,
  type RetrySpec,
  type TaskSpec,
  type UpstreamSpec,
} from "../../shared/core/manifest.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "./times.ts";

/** No retries, as most tests want it. */
export const aRetrySpec = (overrides: Partial<RetrySpec> = {}): RetrySpec => ({
  retries: 0,
  delayMs: 30 * SECOND_MS,
  backoff: 2,
  jitter: "none",
  maxDelayMs: HOUR_MS,
  budgetMs: null,
  on: "transient",
  ...overrides,
});

/** An upstream whose output is taken under its own name. */
export const anUpstream = (id: string, overrides: Partial<UpstreamSpec> = {}): UpstreamSpec => ({
  taskId: taskId(id),
  input: id,
  optional: false,
  ...overrides,
});

/** Over the list of `over`: at most ten items, as many at work at once as there are. */
export const aMapSpec = (over: string, overrides: Partial<MapSpec> = {}): MapSpec => ({
  over: taskId(over),
  keyed: false,
  limit: 10,
  concurrency: null,
  tolerance: null,
  chunkWidth: MAP_CHUNK_WIDTH,
  ...overrides,
});

/** A task that waits for a run of `load`, for as long as that takes. */
export const aChildSpec = (overrides: Partial<ChildSpec> = {}): ChildSpec => ({
  dagId: dagId("load"),
  wait: true,
  onFailure: "fail",
  waitMs: null,
  ...overrides,
});

type TaskOverrides = Partial<Omit<TaskSpec, "taskId" | "setups">> & {
  /** Upstream tasks by id, their outputs taken under their own names; `upstream` says more. */
  readonly after?: readonly string[];
  readonly setups?: readonly string[];
};

export function aTaskSpec(id: string, { after = [], setups = [], ...overrides }: TaskOverrides = {}): TaskSpec {
  return {
    taskId: taskId(id),
    kind: "task",
    role: "work",
    setups: setups.map((setup): TaskId => taskId(setup)),
    upstream: after.map((upstream) => anUpstream(upstream)),
    rule: "all_success",
    retry: aRetrySpec(),
    timeoutMs: HOUR_MS,
    queuedTimeoutMs: 30 * MINUTE_MS,
    allowFailure: false,
    failRun: false,
    executor: "worker",
    resources: { memoryMb: null, cpu: null },
    hooks: { onSuccess: false, onFailure: false, onRetry: false },
    owner: null,
    runbook: null,
    tags: [],
    docs: null,
    pools: [],
    priority: 1,
    deadline: null,
    connections: [],
    publishes: [],
    child: null,
    map: null,
    ...overrides,
  };
}

type ScheduleOverrides = Partial<CronSpec> & {
  /** The only one of `expressions`. */
  readonly expression?: string;
};

/** Every day at 04:00 UTC, for the whole day before. */
export const aSchedule = ({ expression = "0 4 * * *", ...overrides }: ScheduleOverrides = {}): CronSpec => ({
  kind: "cron",
  expressions: [expression],
  interval: "day",
  timezone: "UTC",
  dst: { gap: "shift", fold: "first" },
  start: null,
  end: null,
  ...overrides,
});

export const anArrivalTrigger = (overrides: Partial<ArrivalTriggerSpec> = {}): ArrivalTriggerSpec => ({
  kind: "arrival",
  triggerId: triggerId("files"),
  bucket: "data-lake",
  prefix: "raw/orders/",
  suffix: "",
  debounceMs: MINUTE_MS,
  maxWaitMs: 10 * MINUTE_MS,
  maxFiles: 100,
  ...overrides,
});

/** Without overrides: a DAG `orders` of one task `extract`, no schedule, no trigger. */
export const aManifest = (overrides: Partial<Manifest> = {}): Manifest => ({
  schema: MANIFEST_SCHEMA,
  dagId: dagId("orders"),
  description: null,
  owner: null,
  team: null,
  tier: null,
  runbook: null,
  tags: [],
  docs: null,
  timezone: "UTC",
  schedule: null,
  triggers: [],
  catchup: null,
  overlap: "latest",
  pauseAfterFailures: null,
  startWithinMs: null,
  allowedHours: null,
  maxActiveRuns: 1,
  runTimeoutMs: null,
  retryBudgetMs: null,
  params: null,
  tasks: [aTaskSpec("extract")],
  hooks: { onSuccess: false, onFailure: false },
  codeHash: "c".repeat(64),
  deadlines: [],
  assets: { consumes: [], publishes: [] },
  connections: [],
  pools: [],
  ...overrides,
});
