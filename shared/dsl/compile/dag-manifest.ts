/** From a DAG as its author wrote it to its manifest. */
import { ACTIVE_RUNS_MAX } from "../../core/dag/record.ts";
import { idFault, type DagId, type PoolId } from "../../core/ids.ts";
import { DAG_TASKS_MAX, MANIFEST_SCHEMA, type Manifest, type PoolSpec, type TaskSpec } from "../../core/manifest.ts";
import type { Problem, SourcePlace } from "../../core/problem.ts";
import {
  isRecord,
  optionsOf,
  taskDefinition,
  type CallSite,
  type DagDefinition,
  type TaskDefinition,
} from "../definition.ts";
import { membersOf } from "../members.ts";
import { describeParams, isParamsSchema } from "../params.ts";
import { deadlineSpecs } from "./deadlines.ts";
import { childrenOf, inOrder, shortestCycle, withTeardownScopes } from "./graph.ts";
import { anything, duration, fn, group, listOf, readOptions, text, whole, type Read } from "./option.ts";
import { POLICY_OPTIONS, policiesOf } from "./policies.ts";
import { byPool, DAG_POOL_OPTIONS, withPriorities, type KnownPools, type PoolSurroundings } from "./pools.ts";
import { reporter, shown, type Reporter } from "./report.ts";
import { scheduleSpec, timezoneOf } from "./schedule-spec.ts";
import { placesIn, type Places } from "./source-place.ts";
import { checkChoices, compileTask, DEFAULTS_OPTIONS, taskHelp, type CompiledTask } from "./task-spec.ts";
import { triggerSpecs } from "./triggers.ts";

const TIER_MAX = 5;
/** Of a longer cycle, a message leaves out the middle. */
const CYCLE_SHOWN_MAX = 50;

const DAG_OPTIONS = {
  description: text,
  schedule: anything,
  timezone: anything,
  triggers: anything,
  ...POLICY_OPTIONS,
  ...DAG_POOL_OPTIONS,
  deadlines: anything,
  maxActiveRuns: whole(1, ACTIVE_RUNS_MAX),
  timeout: duration(),
  retryBudget: duration(),
  owner: text,
  team: text,
  tier: whole(1, TIER_MAX),
  runbook: text,
  tags: listOf(text),
  docs: text,
  params: anything,
  defaults: group(DEFAULTS_OPTIONS),
  onSuccess: fn,
  onFailure: fn,
  tasks: anything,
} as const;
type DagRead = Read<typeof DAG_OPTIONS>;

/** The file that exports it, and what the files before it declared. */
export interface CompiledFrom {
  readonly file: string;
  readonly codeHash: string;
  readonly pools: KnownPools;
}

/** The manifest, as far as it could be made out: it may only be used if nothing of level `error` was added to `problems`. */
export function compileDag(dag: DagDefinition, from: CompiledFrom, problems: Problem[]): Manifest {
  const { file, codeHash } = from;
  const name = typeof dag.id === "string" ? `dag '${dag.id}'` : "dag";
  const places = placesIn(file, dag.site);
  const report = reporter(problems, name, () => places(dag.site));
  const fault = idFault("dag", dag.id);
  if (fault !== undefined) report("DAG001", `its id ${fault}`);
  if (!isRecord(dag.options)) report("DAG005", `its options are ${shown(dag.options)}, expected an object`);
  const options = readOptions(DAG_OPTIONS, optionsOf(dag), report);
  const timezone = timezoneOf(options.timezone, options.schedule, report);
  const used = new Map<PoolId, PoolSpec>();
  const pools = {
    dagId: String(dag.id) as DagId,
    maxActiveTasks: options.maxActiveTasks,
    known: from.pools,
    places,
    problems,
    used,
  };
  const tasks = compileTasks(dag, options, { places, name, problems, report, pools });
  const schedule = scheduleSpec(options.schedule, timezone, report);
  return {
    schema: MANIFEST_SCHEMA,
    dagId: String(dag.id) as DagId,
    description: options.description ?? null,
    owner: options.owner ?? null,
    team: options.team ?? null,
    tier: options.tier ?? null,
    runbook: options.runbook ?? null,
    tags: options.tags ?? [],
    docs: options.docs ?? null,
    timezone,
    schedule,
    triggers: triggerSpecs(options.triggers, report),
    ...policiesOf(options, report),
    maxActiveRuns: options.maxActiveRuns ?? 1,
    runTimeoutMs: options.timeout ?? null,
    retryBudgetMs: options.retryBudget ?? null,
    params: paramsOf(options.params, report),
    tasks: withPriorities(tasks, options.priorityRule ?? "downstream"),
    hooks: { onSuccess: options.onSuccess !== undefined, onFailure: options.onFailure !== undefined },
    codeHash,
    deadlines: deadlineSpecs(options.deadlines, { timezone, schedule }, report),
    assets: { consumes: [], publishes: [] },
    connections: [],
    pools: [...used.values()].toSorted(byPool),
  };
}

interface Surroundings {
  readonly places: Places;
  readonly name: string;
  readonly problems: Problem[];
  /** Of the DAG itself. */
  readonly report: Reporter;
  readonly pools: PoolSurroundings;
}

function compileTasks(dag: DagDefinition, options: DagRead, surroundings: Surroundings): readonly TaskSpec[] {
  const { places, name, problems, report } = surroundings;
  checkTaskList(options.tasks, report);
  const members = membersOf(dag);
  if (members.length > DAG_TASKS_MAX) {
    report("DAG015", `it has ${members.length} tasks; at most ${DAG_TASKS_MAX} are allowed`);
    return [];
  }
  const distinct = checkDistinct(members, surroundings);
  const ofDag = {
    defaults: options.defaults ?? {},
    owner: options.owner ?? null,
    runbook: options.runbook ?? null,
    params: options.params,
    pools: surroundings.pools,
  };
  const reporters = members.map(({ id, site }) => {
    const subject = typeof id === "string" ? `${name}: task '${id}'` : `${name}: a task`;
    return reporter(problems, subject, () => places(site));
  });
  const compiled = members.map((task, index) => compileTask(task, ofDag, reporters[index] as Reporter));
  const declared = compiled.map(({ spec }) => spec);
  // Two tasks with one id would look like one: the graph makes sense only without them.
  if (!distinct) return declared;
  const specs = withTeardownScopes(declared);
  if (reportCycle(specs, members, surroundings)) return specs;
  checkStructure(compiled, specs, reporters);
  return specs === declared ? specs : inOrder(specs);
}

function checkTaskList(tasks: unknown, report: Reporter): void {
  if (!Array.isArray(tasks)) {
    report("DAG005", `tasks is ${shown(tasks)}, expected a list of tasks`);
    return;
  }
  if (tasks.length === 0) report("DAG005", "tasks is empty, expected at least one task");
  for (const [index, value] of (tasks as readonly unknown[]).entries()) {
    if (taskDefinition(value) !== undefined) continue;
    report("DAG010", `tasks[${index}] is ${shown(value)}, expected a task`, taskHelp(value));
  }
}

function checkDistinct(members: readonly TaskDefinition[], { places, name, problems }: Surroundings): boolean {
  const first = new Map<unknown, TaskDefinition>();
  for (const task of members) {
    const known = first.get(task.id);
    if (known === undefined) {
      first.set(task.id, task);
      continue;
    }
    const place = places(known.site);
    const labels = place === undefined ? {} : { labels: [{ at: place, text: "the first one" }] };
    const report = reporter(problems, name, () => places(task.site));
    report("DAG002", `two of its tasks have the id '${String(task.id)}'`, {
      ...labels,
      help: "give one of them another id",
    });
  }
  return first.size === members.length;
}

function reportCycle(specs: readonly TaskSpec[], members: readonly TaskDefinition[], where: Surroundings): boolean {
  const cycle = shortestCycle(specs);
  if (cycle === undefined) return false;
  const { places, name, problems } = where;
  const siteOf = new Map<string, CallSite>(members.map((task) => [String(task.id), task.site]));
  const at = (id: string): SourcePlace | undefined => places(siteOf.get(id) ?? {});
  const [last = "", first = ""] = [cycle.at(-2), cycle[0]];
  const labels = cycle
    .slice(1, -1)
    .slice(0, CYCLE_SHOWN_MAX)
    .flatMap((id) => {
      const place = at(id);
      return place === undefined ? [] : [{ at: place, text: `'${id}'` }];
    });
  const report = reporter(problems, name, () => at(first));
  report("DAG003", `tasks form a cycle: ${cyclePath(cycle)}`, {
    labels,
    help: `remove '${last}' from what '${first}' comes after`,
  });
  return true;
}

function cyclePath(cycle: readonly string[]): string {
  const left = cycle.length - CYCLE_SHOWN_MAX;
  if (left <= 0) return cycle.join(" -> ");
  const half = CYCLE_SHOWN_MAX / 2;
  return [...cycle.slice(0, half), `… ${left} more …`, ...cycle.slice(-half)].join(" -> ");
}

/** Checks that need the whole graph. */
function checkStructure(
  compiled: readonly CompiledTask[],
  specs: readonly TaskSpec[],
  reporters: readonly Reporter[],
): void {
  if (!specs.some((task) => task.kind !== "task")) return;
  const children = childrenOf(specs);
  for (const [index, { spec, choices }] of compiled.entries()) {
    const report = reporters[index];
    if (report !== undefined && spec.kind !== "task") checkChoices(choices, children.get(spec.taskId) ?? [], report);
  }
}

function paramsOf(given: unknown, report: Reporter): Manifest["params"] {
  if (given === undefined) return null;
  const example = "such as `z.object({ region: z.string() })`";
  if (!isParamsSchema(given)) {
    report("DAG013", `params is ${shown(given)}, expected an object schema that can give its JSON Schema, ${example}`);
    return null;
  }
  const described = describeParams(given);
  if (!("fault" in described)) return described;
  report("DAG013", `params cannot be turned into JSON Schema: ${described.fault}`, {
    help: `use an object schema ${example}`,
  });
  return null;
}
