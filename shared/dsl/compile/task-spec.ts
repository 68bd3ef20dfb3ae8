/** From a task as its author wrote it to a task as the engine knows it. */
import { idFault, type TaskId } from "../../core/ids.ts";
import { EXECUTORS, TRIGGER_RULES, type RetrySpec, type TaskSpec, type UpstreamSpec } from "../../core/manifest.ts";
import { didYouMean } from "../../core/problem.ts";
import { durationText } from "../../core/time.ts";
import { isRecord, optionsOf, taskDefinition, upstreamOf, type TaskDefinition } from "../definition.ts";
import { upstreamsOf } from "../members.ts";
import {
  anything,
  duration,
  factor,
  flag,
  fn,
  group,
  listOf,
  oneOf,
  readOptions,
  text,
  whole,
  type OptionTable,
  type Read,
} from "./option.ts";
import { allowedHours } from "./policies.ts";
import { CHILD_ONLY, childSpec } from "./child-spec.ts";
import { MAP_ONLY, mapSpec } from "./map-spec.ts";
import { taskPools, TASK_POOL_OPTIONS, type PoolSurroundings } from "./pools.ts";
import { shown, type Reporter } from "./report.ts";

const RETRIES_MAX = 1_000;
const BACKOFF_MAX = 100;
const MEMORY_MB_MAX = 122_880;
const LAMBDA_MEMORY_MB_MAX = 10_240;
const CPU_MAX = 16;
/** A function on AWS Lambda ends after 15 minutes; the last one is for ending in order. */
const LAMBDA_TIMEOUT_MAX_MS = 14 * 60_000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A task that says nothing, in a DAG that says nothing. */
const TASK_DEFAULTS = {
  retry: {
    retries: 0,
    delayMs: 30_000,
    backoff: 2,
    jitter: "full",
    maxDelayMs: HOUR_MS,
    budgetMs: null,
    on: "transient",
  },
  timeoutMs: { lambda: 10 * MINUTE_MS, worker: HOUR_MS },
  queuedTimeoutMs: 24 * HOUR_MS,
  executor: "lambda",
} as const satisfies {
  readonly retry: RetrySpec;
  readonly timeoutMs: Readonly<Record<TaskSpec["executor"], number>>;
  readonly queuedTimeoutMs: number;
  readonly executor: TaskSpec["executor"];
};

/** What a DAG may give to its tasks. */
export const DEFAULTS_OPTIONS = {
  retry: group({
    retries: whole(0, RETRIES_MAX),
    delay: duration(0),
    backoff: factor(1, BACKOFF_MAX),
    jitter: oneOf(["full", "none"]),
    maxDelay: duration(),
    budget: duration(),
    retryOn: (value, name, report) =>
      typeof value === "function" ? ("function" as const) : listOf(text)(value, name, report),
  }),
  timeout: duration(),
  queuedTimeout: duration(),
  executor: oneOf(EXECUTORS),
  resources: group({ memoryMb: whole(128, MEMORY_MB_MAX), cpu: factor(0.25, CPU_MAX) }),
  allowFailure: flag,
} as const;
export type Defaults = Read<typeof DEFAULTS_OPTIONS>;

const COMMON_OPTIONS = {
  inputs: anything,
  after: anything,
  rule: oneOf(TRIGGER_RULES),
  params: anything,
  run: fn,
  ...DEFAULTS_OPTIONS,
  ...TASK_POOL_OPTIONS,
  dependsOnPast: flag,
  waitForDownstream: flag,
  allowedHours,
  owner: text,
  runbook: text,
  tags: listOf(text),
  docs: text,
  onSuccess: fn,
  onFailure: fn,
  onRetry: fn,
} as const;
const BRANCH_OPTIONS = { ...COMMON_OPTIONS, choices: listOf(text) } as const;
const TEARDOWN_OPTIONS = { ...COMMON_OPTIONS, of: anything, failRun: flag } as const;
const { run: _run, ...WITHOUT_RUN } = COMMON_OPTIONS;
const TRIGGER_OPTIONS = { ...WITHOUT_RUN, ...CHILD_ONLY } as const;
const MAP_OPTIONS = { ...COMMON_OPTIONS, over: anything, ...MAP_ONLY } as const;
type TaskRead = Read<typeof COMMON_OPTIONS> &
  Read<typeof BRANCH_OPTIONS> &
  Read<typeof TEARDOWN_OPTIONS> &
  Read<typeof TRIGGER_OPTIONS> &
  Read<typeof MAP_OPTIONS>;

const OPTIONS_OF = {
  branch: BRANCH_OPTIONS,
  shortCircuit: COMMON_OPTIONS,
  task: COMMON_OPTIONS,
  teardown: TEARDOWN_OPTIONS,
} as const;

/** What the DAG says for all of its tasks. */
export interface TaskSurroundings {
  readonly defaults: Defaults;
  readonly owner: string | null;
  readonly runbook: string | null;
  readonly params: unknown;
  readonly pools: PoolSurroundings;
}

export interface CompiledTask {
  readonly spec: TaskSpec;
  /** Of a branch: what it says it chooses from. */
  readonly choices: readonly string[] | undefined;
}

/** The spec, as far as it could be made out; it is only used if nothing was reported. */
export function compileTask(task: TaskDefinition, surroundings: TaskSurroundings, report: Reporter): CompiledTask {
  const fault = idFault("task", task.id);
  if (fault !== undefined) report("DAG001", `its id ${fault}`);
  const options = readTaskOptions(task, report);
  const defaults = surroundings.defaults;
  const executor = options.executor ?? defaults.executor ?? TASK_DEFAULTS.executor;
  checkParams(options.params, surroundings.params, report);
  const spec: TaskSpec = {
    taskId: idOf(task),
    kind: task.kind,
    role: task.role,
    setups: setupsOf(task, options.of, report),
    upstream: upstreamSpecs(task, report),
    rule: options.rule ?? (task.role === "teardown" ? "all_done_setup_success" : "all_success"),
    retry: retrySpec(defaults.retry ?? {}, options.retry ?? {}),
    // Of a task that starts a run of another DAG, `timeout` is how long it waits for that run.
    timeoutMs: timeoutOf(executor, (task.triggers ? undefined : options.timeout) ?? defaults.timeout, report),
    queuedTimeoutMs: options.queuedTimeout ?? defaults.queuedTimeout ?? TASK_DEFAULTS.queuedTimeoutMs,
    allowFailure: options.allowFailure ?? defaults.allowFailure ?? false,
    ...pastOf(options),
    ...(options.allowedHours === undefined ? {} : { allowedHours: options.allowedHours }),
    failRun: options.failRun ?? false,
    executor,
    resources: resourcesOf(executor, { ...defaults.resources, ...options.resources }, report),
    hooks: hooksOf(options),
    child: task.triggers ? childSpec(task, options, report) : null,
    owner: options.owner ?? surroundings.owner,
    runbook: options.runbook ?? surroundings.runbook,
    tags: options.tags ?? [],
    docs: options.docs ?? null,
    pools: taskPools(idOf(task), options, surroundings.pools, report),
    priority: options.priority ?? 1,
    deadline: null,
    connections: [],
    publishes: [],
    map: task.mapped ? mapSpec(task, options, report) : null,
  };
  return { spec, choices: options.choices };
}

function pastOf({ dependsOnPast, waitForDownstream }: TaskRead): Pick<TaskSpec, "dependsOnPast"> {
  if (waitForDownstream === true) return { dependsOnPast: "downstream" };
  return dependsOnPast === true ? { dependsOnPast: "task" } : {};
}

function readTaskOptions(task: TaskDefinition, report: Reporter): TaskRead {
  if (!isRecord(task.options)) report("DAG005", `its options are ${shown(task.options)}, expected an object`);
  const options: TaskRead = readOptions(tableOf(task), optionsOf(task), report);
  if (!task.triggers && optionsOf(task)["run"] === undefined) report("DAG005", "it has no function 'run'");
  return options;
}

const tableOf = ({ kind, role, mapped, triggers }: TaskDefinition): OptionTable =>
  mapped ? MAP_OPTIONS : triggers ? TRIGGER_OPTIONS : OPTIONS_OF[role === "teardown" ? "teardown" : kind];

const hooksOf = (options: TaskRead): TaskSpec["hooks"] => ({
  onSuccess: options.onSuccess !== undefined,
  onFailure: options.onFailure !== undefined,
  onRetry: options.onRetry !== undefined,
});

type RetryRead = NonNullable<Defaults["retry"]>;

function retrySpec(ofDag: RetryRead, ofTask: RetryRead): RetrySpec {
  const given = { ...ofDag, ...ofTask };
  const standard = TASK_DEFAULTS.retry;
  return {
    retries: given.retries ?? standard.retries,
    delayMs: given.delay ?? standard.delayMs,
    backoff: given.backoff ?? standard.backoff,
    jitter: given.jitter ?? standard.jitter,
    maxDelayMs: given.maxDelay ?? standard.maxDelayMs,
    budgetMs: given.budget ?? standard.budgetMs,
    on: given.retryOn ?? standard.on,
  };
}

function timeoutOf(executor: TaskSpec["executor"], given: number | undefined, report: Reporter): number {
  const timeoutMs = given ?? TASK_DEFAULTS.timeoutMs[executor];
  if (executor === "lambda" && timeoutMs > LAMBDA_TIMEOUT_MAX_MS) {
    const max = durationText(LAMBDA_TIMEOUT_MAX_MS);
    report(
      "DAG009",
      `timeout is ${durationText(timeoutMs)}; on executor 'lambda' an attempt may take ${max} at the most`,
      {
        help: 'set `executor: "worker"` for longer work, or a shorter timeout',
      },
    );
  }
  return timeoutMs;
}

function resourcesOf(
  executor: TaskSpec["executor"],
  given: NonNullable<Defaults["resources"]>,
  report: Reporter,
): TaskSpec["resources"] {
  if (executor === "lambda" && given.cpu !== undefined) {
    report("DAG005", "resources.cpu is given, but on executor 'lambda' the memory decides the share of CPU", {
      help: 'set `resources.memoryMb`, or `executor: "worker"`',
    });
  }
  if (executor === "lambda" && (given.memoryMb ?? 0) > LAMBDA_MEMORY_MB_MAX) {
    report(
      "DAG005",
      `resources.memoryMb is ${given.memoryMb}; on executor 'lambda' at most ${LAMBDA_MEMORY_MB_MAX} are to be had`,
      {
        help: 'set `executor: "worker"`',
      },
    );
  }
  return { memoryMb: given.memoryMb ?? null, cpu: given.cpu ?? null };
}

/** Its own faults are told where the task itself is compiled. */
const idOf = (task: TaskDefinition): TaskId => String(task.id) as TaskId;

/** One edge for each upstream task: where it is named twice, the name under which its output is taken counts. */
function upstreamSpecs(task: TaskDefinition, report: Reporter): readonly UpstreamSpec[] {
  checkUpstreamValues(task, report);
  const edges = new Map<TaskDefinition, UpstreamSpec>();
  for (const { task: upstream, input, optional } of upstreamsOf(task)) {
    const known = edges.get(upstream);
    if (known === undefined) edges.set(upstream, { taskId: idOf(upstream), input, optional });
    else if (known.input !== null && input !== null) {
      report("DAG010", `inputs '${known.input}' and '${input}' are both the task '${known.taskId}'`, {
        help: "take its output under one name",
      });
    } else if (known.optional && !optional) edges.set(upstream, { ...known, optional: false });
  }
  return [...edges.values()];
}

function checkUpstreamValues(task: TaskDefinition, report: Reporter): void {
  const { inputs, after } = optionsOf(task);
  if (inputs !== undefined && !isRecord(inputs))
    report("DAG005", `inputs is ${shown(inputs)}, expected an object of tasks`);
  if (after !== undefined && !Array.isArray(after))
    report("DAG005", `after is ${shown(after)}, expected a list of tasks`);
  const named = Object.entries(isRecord(inputs) ? inputs : {}).map(
    ([name, value]) => [`inputs.${name}`, value] as const,
  );
  const listed = Array.isArray(after) ? after.map((value: unknown, index) => [`after[${index}]`, value] as const) : [];
  for (const [name, value] of [...named, ...listed]) {
    if (upstreamOf(value) !== undefined) continue;
    report("DAG010", `${name} is ${shown(value)}, expected a task`, taskHelp(value));
  }
}

/** Somebody who gives an id means the task of that name. */
export const taskHelp = (value: unknown): { readonly help?: string } =>
  typeof value === "string" ? { help: `write the value that task("${value}", …) returned, not its id` } : {};

function setupsOf(task: TaskDefinition, given: unknown, report: Reporter): TaskSpec["setups"] {
  if (task.role !== "teardown") return [];
  if (!Array.isArray(given) || given.length === 0) {
    report("DAG011", `of is ${Array.isArray(given) ? "empty" : shown(given)}, expected the setups that it takes down`);
    return [];
  }
  return given.flatMap((value: unknown, index) => {
    const setup = taskDefinition(value);
    if (setup?.role === "setup") return [idOf(setup)];
    const what = setup === undefined ? shown(value) : `the task '${String(setup.id)}', which is no setup`;
    report("DAG011", `of[${index}] is ${what}, expected a task made by setup()`);
    return [];
  });
}

function checkParams(own: unknown, ofDag: unknown, report: Reporter): void {
  if (own === undefined || own === ofDag) return;
  const what = ofDag === undefined ? "its DAG has none" : "its DAG has another one";
  report("DAG013", `params is a schema, but ${what}`, { help: "give the DAG and the task the same schema object" });
}

/** The direct children of a branch are what it may choose from. */
export function checkChoices(
  choices: readonly string[] | undefined,
  children: readonly string[],
  report: Reporter,
): void {
  if (children.length === 0) {
    report("DAG012", "no task comes after it, so it chooses nothing", {
      help: "name it in `after` of the tasks that it chooses from",
    });
    return;
  }
  for (const choice of choices ?? []) {
    if (children.includes(choice)) continue;
    const help = `the tasks directly after it are ${children.join(", ")}`;
    report(
      "DAG012",
      `choices names '${choice}', which does not come directly after it${didYouMean(choice, children)}`,
      { help },
    );
  }
}
