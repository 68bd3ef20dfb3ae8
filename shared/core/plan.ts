/** A manifest prepared for decisions: slots instead of names, edges in both directions, hooks as slots of their own. */
import type { PoolId, TaskId } from "./ids.ts";
import { hookTaskId, type HookName, type Manifest, type TaskSpec } from "./manifest.ts";
import { LOSSES_MAX } from "./retry.ts";
import type { Run } from "./run.ts";

/** Transitions that a run may spend beyond what its tasks, retries and losses can need. */
const TRANSITIONS_SPARE = 1_000;
/** At most this many state changes come with one attempt: scheduled, queued, running, restarting, its end. */
const TRANSITIONS_OF_ATTEMPT = 7;
const HOOK_TIMEOUT_MS = 300_000;

export interface PlannedTask {
  readonly slot: number;
  readonly spec: TaskSpec;
  /** Slots of upstream tasks that the rule counts. */
  readonly required: readonly number[];
  /** Slots of upstream tasks that need only be done. */
  readonly optional: readonly number[];
  /** Slots of direct upstream tasks that choose among their children; a teardown is nobody's to choose. */
  readonly gates: readonly number[];
  /** Slots of setups in whose scope the task lies without depending on them directly. */
  readonly scopeSetups: readonly number[];
  /** Of a teardown: the slots of its setups. */
  readonly setups: readonly number[];
  /** Slots of the tasks that are mapped over its output. */
  readonly mappedBy: readonly number[];
  /** Of a mapped task: the slot of the task that gives the list. */
  readonly over: number | null;
  /** Slots to look at again when this one ends. */
  readonly downstream: readonly number[];
  /** All of its consumers take it by `optional()`: its failure is no failure of the run. */
  readonly forgiven: boolean;
  readonly hook: { readonly name: HookName; readonly subject: number | null } | null;
}

export interface Plan {
  readonly manifest: Manifest;
  readonly tasks: readonly PlannedTask[];
  /** The first `taskCount` slots are the DAG's tasks, the others its hooks. */
  readonly taskCount: number;
  readonly slotOf: ReadonlyMap<string, number>;
  /** That its tasks take slots of, by name. */
  readonly pools: readonly PoolId[];
  readonly transitionsMax: number;
}

const plans = new WeakMap<Manifest, Plan>();

/** The plan of a manifest; worked out once for each manifest object. */
export function planOf(manifest: Manifest): Plan {
  let plan = plans.get(manifest);
  if (plan === undefined) plans.set(manifest, (plan = makePlan(manifest)));
  return plan;
}

/** The task, or hook, of a slot that the plan has. Throws RangeError for another one. */
export function plannedAt(plan: Plan, slot: number): PlannedTask {
  const task = plan.tasks[slot];
  if (task === undefined) throw new RangeError(`dag '${plan.manifest.dagId}' has no slot ${slot}`);
  return task;
}

/** The slot of a hook, if the DAG has it. */
export const hookSlot = (plan: Plan, task: TaskId | null, hook: HookName): number | undefined =>
  plan.slotOf.get(hookTaskId(task, hook));

const chunkManifests = new WeakMap<Manifest, Map<TaskId, Manifest>>();

/** The DAG as a chunk of a map sees it: the mapped task alone, which waits for nothing and has no hooks. */
export function chunkManifest(manifest: Manifest, taskId: TaskId): Manifest {
  let known = chunkManifests.get(manifest);
  if (known === undefined) chunkManifests.set(manifest, (known = new Map()));
  let made = known.get(taskId);
  if (made === undefined) known.set(taskId, (made = makeChunkManifest(manifest, taskId)));
  return made;
}

const makeChunkManifest = (manifest: Manifest, taskId: TaskId): Manifest => ({
  ...manifest,
  runTimeoutMs: null,
  deadlines: [],
  hooks: { onSuccess: false, onFailure: false },
  tasks: manifest.tasks
    .filter((spec) => spec.taskId === taskId)
    .map((spec) => ({
      ...spec,
      upstream: [],
      rule: "all_success",
      hooks: { onSuccess: false, onFailure: false, onRetry: false },
    })),
});

/** The manifest by which a run is decided: its version's, of which a chunk has one task only. */
export const manifestOf = ({ origin }: Pick<Run, "origin">, manifest: Manifest): Manifest =>
  origin.kind === "chunk" ? chunkManifest(manifest, origin.taskId) : manifest;

function makePlan(manifest: Manifest): Plan {
  const specs = manifest.tasks;
  const slotOf = new Map<string, number>(specs.map((spec, slot) => [spec.taskId, slot]));
  const slots = (ids: readonly TaskId[]): number[] => ids.flatMap((id) => slotOf.get(id) ?? []);
  const upstream = specs.map((spec) => slots(spec.upstream.map((edge) => edge.taskId)));
  const downstream = invert(upstream);
  const scopes = setupScopes(specs, slotOf, upstream, downstream);
  const forgiven = forgivenTasks(specs);
  const mappedBy = invert(specs.map((spec) => (spec.map === null ? [] : slots([spec.map.over]))));
  const takenDownBy = invert(specs.map((spec) => slots(spec.setups)));
  const tasks: PlannedTask[] = specs.map((spec, slot) => ({
    slot,
    spec,
    required: slots(spec.upstream.filter((edge) => !edge.optional).map((edge) => edge.taskId)),
    optional: slots(spec.upstream.filter((edge) => edge.optional).map((edge) => edge.taskId)),
    gates: spec.role === "teardown" ? [] : (upstream[slot] ?? []).filter((above) => specs[above]?.kind !== "task"),
    scopeSetups: scopes.above[slot] ?? [],
    setups: slots(spec.setups),
    mappedBy: mappedBy[slot] ?? [],
    over: spec.map === null ? null : (slotOf.get(spec.map.over) ?? null),
    downstream: [
      ...new Set([...(downstream[slot] ?? []), ...(scopes.below[slot] ?? []), ...(takenDownBy[slot] ?? [])]),
    ],
    forgiven: forgiven.has(spec.taskId),
    hook: null,
  }));
  for (const hook of hookSpecs(manifest, slotOf)) {
    slotOf.set(hook.spec.taskId, tasks.length);
    tasks.push({ slot: tasks.length, spec: hook.spec, hook: hook.hook, ...NO_EDGES });
  }
  let transitionsMax = TRANSITIONS_SPARE;
  for (const { spec } of tasks) transitionsMax += transitionsOf(spec);
  return { manifest, tasks, taskCount: specs.length, slotOf, pools: poolsOf(specs), transitionsMax };
}

/** State changes that one instance of the task can need. */
export const transitionsOf = ({ retry }: TaskSpec): number => (retry.retries + 1 + LOSSES_MAX) * TRANSITIONS_OF_ATTEMPT;

const poolsOf = (specs: readonly TaskSpec[]): readonly PoolId[] =>
  [...new Set(specs.flatMap((spec) => spec.pools.map(({ pool }) => pool)))].toSorted();

const NO_EDGES = {
  required: [],
  optional: [],
  gates: [],
  scopeSetups: [],
  setups: [],
  mappedBy: [],
  over: null,
  downstream: [],
  forgiven: false,
};

function invert(upstream: readonly (readonly number[])[]): number[][] {
  const downstream: number[][] = upstream.map(() => []);
  for (const [slot, above] of upstream.entries()) for (const from of above) downstream[from]?.push(slot);
  return downstream;
}

/** Tasks that are taken by `optional()` alone; a teardown follows them without consuming anything. */
function forgivenTasks(specs: readonly TaskSpec[]): ReadonlySet<TaskId> {
  const edges = specs.filter((spec) => spec.role !== "teardown").flatMap((spec) => spec.upstream);
  const needed = new Set(edges.filter((edge) => !edge.optional).map((edge) => edge.taskId));
  return new Set(edges.filter((edge) => edge.optional && !needed.has(edge.taskId)).map((edge) => edge.taskId));
}

/** A setup's scope: what lies downstream of it and upstream of its teardown. */
function setupScopes(
  specs: readonly TaskSpec[],
  slotOf: ReadonlyMap<string, number>,
  upstream: readonly (readonly number[])[],
  downstream: readonly (readonly number[])[],
): { readonly above: number[][]; readonly below: number[][] } {
  const above: number[][] = specs.map(() => []);
  const below: number[][] = specs.map(() => []);
  for (const [slot, spec] of specs.entries()) {
    if (spec.role !== "teardown") continue;
    const before = reach(slot, upstream);
    for (const setupId of spec.setups) {
      const setup = slotOf.get(setupId);
      if (setup === undefined) continue;
      for (const inside of reach(setup, downstream)) {
        if (!before.has(inside) || upstream[inside]?.includes(setup) === true) continue;
        if (above[inside]?.includes(setup) === true) continue;
        above[inside]?.push(setup);
        below[setup]?.push(inside);
      }
    }
  }
  return { above, below };
}

function reach(from: number, edges: readonly (readonly number[])[]): Set<number> {
  const found = new Set<number>();
  const open = [from];
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    for (const next of edges[slot] ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

/** Everything that can be reached downstream of these slots. */
export function downstreamOf(plan: Plan, slots: Iterable<number>): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [...slots];
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    for (const next of plan.tasks[slot]?.downstream ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

interface PlannedHook {
  readonly spec: TaskSpec;
  readonly hook: { readonly name: HookName; readonly subject: number | null };
}

function* hookSpecs(manifest: Manifest, slotOf: ReadonlyMap<string, number>): Generator<PlannedHook> {
  for (const task of manifest.tasks) {
    for (const name of ["onSuccess", "onFailure", "onRetry"] as const) {
      const subject = slotOf.get(task.taskId) ?? null;
      if (task.hooks[name]) yield { spec: hookSpec(hookTaskId(task.taskId, name), task), hook: { name, subject } };
    }
  }
  for (const name of ["onSuccess", "onFailure"] as const) {
    const like = manifest.tasks[0];
    if (!manifest.hooks[name] || like === undefined) continue;
    yield { spec: hookSpec(hookTaskId(null, name), like), hook: { name, subject: null } };
  }
}

/** A hook runs where its task runs, with one retry, and never decides anything. */
const hookSpec = (taskId: TaskId, like: TaskSpec): TaskSpec => ({
  ...like,
  taskId,
  kind: "task",
  role: "work",
  setups: [],
  upstream: [],
  rule: "always",
  map: null,
  retry: { retries: 1, delayMs: 5_000, backoff: 1, jitter: "none", maxDelayMs: 5_000, budgetMs: null, on: "transient" },
  timeoutMs: HOOK_TIMEOUT_MS,
  allowFailure: true,
  child: null,
  // What is to be told of a task does not wait for slots.
  pools: [],
  hooks: { onSuccess: false, onFailure: false, onRetry: false },
});
