/**
 * The part of Freshet that a code bundle carries: finds the function that an attempt is of, calls it with its context, and
 * turns whatever it does into a result.
 */
import { OUTPUT_BYTES_MAX, type Dispatch } from "../core/attempt.ts";
import { FreshetError } from "../core/errors.ts";
import { dagOfRun } from "../core/ids.ts";
import { jsonFault, type JsonObject, type JsonValue } from "../core/json.ts";
import { didYouMean } from "../core/problem.ts";
import type { Bundle, RunnerInput, RunnerResult } from "../core/task-host.ts";
import type { HookEvent, TaskContext } from "./context.ts";
import { isRecord, optionsOf, taskDefinition, type DagDefinition, type TaskDefinition } from "./definition.ts";
import { exportedDags, membersOf, upstreamsOf } from "./members.ts";
import { isParamsSchema, readParams } from "./params.ts";
import { taskError, type RetryOn } from "./runtime/failure.ts";
import { mapKey, mapKeys } from "./runtime/map-keys.ts";
import { taskContext, type ContextParts } from "./runtime/task-context.ts";
import { signalOf } from "./signals.ts";

type AnyContext = TaskContext<JsonObject, JsonObject>;

type Hook = (event: HookEvent, context: AnyContext) => unknown;

interface LoadedDag {
  readonly definition: DagDefinition;
  readonly tasks: ReadonlyMap<string, TaskDefinition>;
}

/** A function of the author's and what it needs. */
interface Job {
  readonly dag: LoadedDag;
  /** Of a hook of the DAG: none. */
  readonly task: TaskDefinition | undefined;
  readonly run: (context: AnyContext) => unknown;
  readonly isHook: boolean;
}

/** The default export of a code bundle: `modules` are the namespaces of its DAG files. */
export function bundle(modules: readonly object[]): Bundle<AbortSignal> {
  const definitions = new Map<string, DagDefinition>();
  for (const exports of modules) {
    for (const dag of exportedDags(exports)) if (typeof dag.id === "string") definitions.set(dag.id, dag);
  }
  const loaded = new Map<string, LoadedDag>();
  const load = (dagId: string): LoadedDag => {
    const known = loaded.get(dagId);
    if (known !== undefined) return known;
    const dag = loadDag(definitions, dagId);
    loaded.set(dagId, dag);
    return dag;
  };

  return {
    freshetBundle: 1,
    execute: async (input, host) => {
      let job: Job | undefined;
      try {
        job = findJob(load(input.dispatch.run.dagId), input);
        const context = taskContext(input, host, {
          inputs: inputsOf(job, input),
          params: await paramsOf(job, input),
          ...mappedOf(job, input),
        });
        return withKeys(job, input, resultOf(job, input, await freshetEdge(job, context)));
      } catch (thrown) {
        return failureOf(thrown, job);
      }
    },
  };
}

/** Calls the author's code. Its name (EDGE) marks in a stack where that code begins. */
async function freshetEdge(job: Job, context: AnyContext): Promise<unknown> {
  return await job.run(context);
}

function loadDag(definitions: ReadonlyMap<string, DagDefinition>, dagId: string): LoadedDag {
  const definition = definitions.get(dagId);
  if (definition === undefined) {
    throw new FreshetError(
      "DAG_NOT_FOUND",
      `this code bundle has no dag '${dagId}'${didYouMean(dagId, definitions.keys())}`,
    );
  }
  const tasks = new Map<string, TaskDefinition>();
  for (const task of membersOf(definition)) tasks.set(String(task.id), task);
  return { definition, tasks };
}

function findJob(dag: LoadedDag, { dispatch }: RunnerInput): Job {
  const { subject } = dispatch;
  if (subject === undefined) {
    const task = taskNamed(dag, dispatch.key.taskId);
    const run = task.triggers
      ? paramsGiver(task)
      : functionOf<Job["run"]>(task, "run", `task '${dispatch.key.taskId}'`);
    return { dag, task, run, isHook: false };
  }
  const task = subject.taskId === null ? undefined : taskNamed(dag, subject.taskId);
  const whose = subject.taskId === null ? `dag '${String(dag.definition.id)}'` : `task '${subject.taskId}'`;
  const hook = functionOf<Hook>(task ?? dag.definition, subject.hook, whose);
  const { hook: name, taskId, attempt, owner, runbook, failed } = subject;
  const event: HookEvent = { hook: name, taskId, attempt, owner, runbook, failed };
  return { dag, task, run: (context) => hook(event, context), isHook: true };
}

/** What gives the params of a child run: a function, or the params themselves. */
function paramsGiver(task: TaskDefinition): Job["run"] {
  const given = optionsOf(task)["with"];
  return typeof given === "function" ? (given as Job["run"]) : () => given ?? {};
}

function taskNamed(dag: LoadedDag, taskId: string): TaskDefinition {
  const task = dag.tasks.get(taskId);
  if (task !== undefined) return task;
  const hint = didYouMean(taskId, dag.tasks.keys());
  throw new FreshetError(
    "TASK_NOT_FOUND",
    `dag '${String(dag.definition.id)}' has no task '${taskId}' in this code bundle${hint}`,
  );
}

function functionOf<Call extends (...args: never) => unknown>(
  definition: TaskDefinition | DagDefinition,
  name: string,
  whose: string,
): Call {
  const found = optionsOf(definition)[name];
  if (typeof found === "function") return found as Call;
  throw new FreshetError("TASK_NOT_FOUND", `${whose} has no function '${name}' in this code bundle`);
}

function inputsOf({ task, isHook }: Job, { outputs }: RunnerInput): { readonly [name: string]: JsonValue | undefined } {
  const inputs: Record<string, JsonValue | undefined> = {};
  if (task === undefined || isHook) return inputs;
  for (const { task: upstream, input } of upstreamsOf(task)) {
    if (input !== null)
      inputs[input] = Object.hasOwn(outputs, String(upstream.id)) ? outputs[String(upstream.id)] : undefined;
  }
  return inputs;
}

/** What an instance of a mapped task has besides. */
function mappedOf({ task, isHook }: Job, { dispatch, item }: RunnerInput): Pick<ContextParts, "mapped"> {
  if (task === undefined || isHook || item === undefined) return {};
  const { mapIndex } = dispatch.key;
  return { mapped: { item: item.value, mapIndex, mapKey: mapKey(task, item.value) } };
}

/** The names that the tasks mapped over this output give to its items: their functions are only known here. */
function withKeys(
  { dag, isHook }: Job,
  { dispatch: { mappedBy = [] } }: RunnerInput,
  result: RunnerResult,
): RunnerResult {
  if (isHook || result.kind !== "success" || result.output === undefined) return result;
  const keys: { [taskId: string]: readonly string[] | string } = {};
  for (const id of mappedBy) {
    const names = mapKeys(taskNamed(dag, id), result.output);
    if (names !== undefined) keys[id] = names;
  }
  return Object.keys(keys).length === 0 ? result : { ...result, keys };
}

/** Params reach those who declare the schema; a DAG's own hooks declare it by the DAG. */
async function paramsOf({ dag, task }: Job, { dispatch }: RunnerInput): Promise<unknown> {
  const schema = optionsOf(task ?? dag.definition)["params"];
  if (!isParamsSchema(schema)) return {};
  return readParams(schema, dispatch.run.dagId, dispatch.run.params);
}

function resultOf(job: Job, { dispatch }: RunnerInput, returned: unknown): RunnerResult {
  if (job.isHook) return { kind: "success" };
  if (job.task?.triggers === true) return childResult(job.task, dispatch, returned);
  switch (job.task?.kind) {
    case "branch":
      return { kind: "success", chosen: chosenIds(job, returned) };
    case "shortCircuit":
      return { kind: "success", proceed: proceeds(job, returned) };
    default:
      return returned === undefined ? { kind: "success" } : { kind: "success", output: outputOf(job, returned) };
  }
}

/** The scheduler has named the child run; its params are checked where it starts, by the schema of the DAG as it is then. */
function childResult(task: TaskDefinition, { childId }: Dispatch, returned: unknown): RunnerResult {
  const taskId = String(task.id);
  const fault = isRecord(returned) ? jsonFault(returned, "params") : "they are no object";
  if (fault !== undefined)
    throw new FreshetError("INVALID_PARAMS", `task '${taskId}' gave params that JSON cannot carry: ${fault}`);
  const params = JSON.parse(JSON.stringify(returned)) as JsonObject;
  // Tried alone it starts nothing, and shows what it would start the run with.
  if (childId === undefined) return { kind: "success", output: params };
  return { kind: "success", output: { dagId: dagOfRun(childId), runId: childId }, child: { params } };
}

function outputOf({ task }: Job, returned: unknown): JsonValue {
  const taskId = String(task?.id);
  const fault = jsonFault(returned);
  if (fault !== undefined) {
    throw new FreshetError(
      "OUTPUT_NOT_JSON",
      `task '${taskId}' returned what JSON cannot carry: ${fault}; return text, numbers, lists and plain objects`,
    );
  }
  const text = JSON.stringify(returned);
  const bytes = text.length * 3 <= OUTPUT_BYTES_MAX ? text.length : new TextEncoder().encode(text).length;
  if (bytes > OUTPUT_BYTES_MAX) {
    throw new FreshetError(
      "OUTPUT_TOO_LARGE",
      `task '${taskId}' returned ${bytes} bytes; at most ${OUTPUT_BYTES_MAX} can pass between tasks: stage the data as a file and return that`,
    );
  }
  // What the next task gets, wherever it runs: a copy that no later change of the value reaches.
  return JSON.parse(text) as JsonValue;
}

function chosenIds({ dag, task }: Job, returned: unknown): readonly string[] {
  const children = new Set<string>();
  for (const [id, candidate] of dag.tasks) {
    if (upstreamsOf(candidate).some((upstream) => upstream.task === task)) children.add(id);
  }
  const choices: readonly unknown[] = returned === null ? [] : Array.isArray(returned) ? returned : [returned];
  const chosen = new Set<string>();
  for (const choice of choices) {
    const id: unknown = typeof choice === "string" ? choice : taskDefinition(choice)?.id;
    if (typeof id === "string" && children.has(id)) chosen.add(id);
    else throw wrongChoice(String(task?.id), choice, id, children);
  }
  return [...chosen];
}

function wrongChoice(taskId: string, choice: unknown, id: unknown, children: ReadonlySet<string>): FreshetError {
  const given = typeof id === "string" ? `'${id}'` : `a value that is no task (${typeof choice})`;
  const hint = typeof id === "string" ? didYouMean(id, children) : "";
  return new FreshetError(
    "INVALID_BRANCH",
    `branch '${taskId}' chose ${given}; it may choose among ${[...children].map((child) => `'${child}'`).join(", ")}, or null${hint}`,
  );
}

function proceeds({ task }: Job, returned: unknown): boolean {
  if (typeof returned === "boolean") return returned;
  throw new TypeError(`shortCircuit '${String(task?.id)}' returned ${typeof returned}; expected true or false`);
}

function failureOf(thrown: unknown, job: Job | undefined): RunnerResult {
  if (signalOf(thrown) === "skip" && thrown instanceof Error) return { kind: "skipped", reason: thrown.message };
  return { kind: "failed", error: taskError(thrown, retryOnOf(job)) };
}

function retryOnOf(job: Job | undefined): RetryOn | undefined {
  if (job?.task === undefined || job.isHook) return undefined;
  for (const options of [optionsOf(job.task), optionsOf(job.dag.definition)["defaults"]]) {
    const retry = isRecord(options) ? options["retry"] : undefined;
    const retryOn = isRecord(retry) ? retry["retryOn"] : undefined;
    if (typeof retryOn === "function" || Array.isArray(retryOn)) return retryOn as RetryOn;
  }
  return undefined;
}
