/** Which slots of which pools tasks take, and which task comes first where there are not enough. */
import { idFault, limitPool, type DagId, type PoolId, type TaskId } from "../../core/ids.ts";
import type { PoolSpec, TaskPool, TaskSpec } from "../../core/manifest.ts";
import { POOL_SLOTS_MAX } from "../../core/pool/record.ts";
import type { Problem } from "../../core/problem.ts";
import { isRecord, optionsOf, poolDefinition, type PoolDefinition } from "../definition.ts";
import { anything, oneOf, whole } from "./option.ts";
import { reporter, shown, type Reporter } from "./report.ts";
import type { Places } from "./source-place.ts";

const PRIORITY_MAX = 1_000_000;
export const PRIORITY_RULES = ["downstream", "upstream", "absolute"] as const;
export type PriorityRule = (typeof PRIORITY_RULES)[number];

/** Options of a task. */
export const TASK_POOL_OPTIONS = {
  pools: anything,
  priority: whole(0, PRIORITY_MAX),
  maxActive: whole(1, POOL_SLOTS_MAX),
} as const;
/** Options of a DAG. */
export const DAG_POOL_OPTIONS = {
  maxActiveTasks: whole(1, POOL_SLOTS_MAX),
  priorityRule: oneOf(PRIORITY_RULES),
} as const;

/** What is known of a pool that was looked at before. */
interface KnownPool {
  readonly definition: PoolDefinition;
  readonly places: Places;
  /** undefined: it has faults, which have been told. */
  readonly spec: PoolSpec | undefined;
}

/** Pools of all files, by their definitions; and the first one of each id. */
export interface KnownPools {
  readonly byDefinition: Map<PoolDefinition, KnownPool>;
  readonly byId: Map<string, KnownPool>;
}

export const noPools = (): KnownPools => ({ byDefinition: new Map(), byId: new Map() });

/** Where the pools of a DAG are collected while its tasks are compiled. */
export interface PoolSurroundings {
  readonly dagId: DagId;
  readonly maxActiveTasks: number | undefined;
  readonly known: KnownPools;
  readonly places: Places;
  readonly problems: Problem[];
  /** That its tasks take slots of. */
  readonly used: Map<PoolId, PoolSpec>;
}

interface PoolsRead {
  readonly pools?: unknown;
  readonly maxActive?: number;
}

/** What an instance of the task takes, by name. Limits are pools of their own, of which it takes one slot. */
export function taskPools(
  taskId: TaskId,
  { pools, maxActive }: PoolsRead,
  surroundings: PoolSurroundings,
  report: Reporter,
): readonly TaskPool[] {
  const { dagId, maxActiveTasks, used } = surroundings;
  const taken = new Map<PoolId, TaskPool>();
  const limits: readonly (readonly [PoolId, number | undefined])[] = [
    [limitPool("dag", dagId), maxActiveTasks],
    [limitPool("task", `${dagId}.${taskId}`), maxActive],
  ];
  for (const [pool, slots] of limits) {
    if (slots === undefined) continue;
    used.set(pool, { pool, slots });
    taken.set(pool, { pool, slots: 1 });
  }
  for (const use of usesOf(pools, report)) {
    const known = knownPool(use.definition, surroundings);
    if (known.spec === undefined) continue;
    const { pool, slots } = known.spec;
    if (taken.has(pool)) {
      report("DAG024", `${use.name} is the pool '${pool}', which it names already`, {
        help: `name it once, with the slots that it takes: { pool, slots: 2 }`,
      });
      continue;
    }
    if (use.slots > slots) reportTooWide(use, known, report);
    used.set(pool, known.spec);
    taken.set(pool, { pool, slots: use.slots });
  }
  return [...taken.values()].toSorted(byPool);
}

export const byPool = (a: { readonly pool: PoolId }, b: { readonly pool: PoolId }): number =>
  a.pool < b.pool ? -1 : a.pool > b.pool ? 1 : 0;

interface Use {
  readonly name: string;
  readonly definition: PoolDefinition;
  readonly slots: number;
}

const EXAMPLE = "expected pools, such as [warehouse] or [{ pool: warehouse, slots: 2 }]";

function usesOf(given: unknown, report: Reporter): readonly Use[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    report("DAG024", `pools is ${shown(given)}, ${EXAMPLE}`);
    return [];
  }
  return given.flatMap((value: unknown, index) => useOf(value, `pools[${index}]`, report) ?? []);
}

function useOf(value: unknown, name: string, report: Reporter): Use | undefined {
  const bare = poolDefinition(value);
  if (bare !== undefined) return { name, definition: bare, slots: 1 };
  const definition = isRecord(value) ? poolDefinition(value["pool"]) : undefined;
  if (definition === undefined || !isRecord(value)) {
    const help =
      typeof value === "string" ? `write the value that pool("${value}", …) returned, not its id` : undefined;
    report("DAG024", `${name} is ${shown(value)}, ${EXAMPLE}`, help === undefined ? {} : { help });
    return undefined;
  }
  const slots = whole(1, POOL_SLOTS_MAX)(value["slots"], `${name}.slots`, report);
  return slots === undefined ? undefined : { name, definition, slots };
}

/** A task that asks for more than there is could never start, and nobody would tell. */
function reportTooWide({ slots }: Use, { definition, places, spec }: KnownPool, report: Reporter): void {
  const at = places(definition.site);
  const size = spec?.slots ?? 0;
  const has = size === 0 ? "has none" : `has ${size}`;
  report(
    "DAG025",
    `it takes ${slots} ${slots === 1 ? "slot" : "slots"} of the pool '${spec?.pool}', which ${has}: it could never start`,
    {
      ...(at === undefined ? {} : { labels: [{ at, text: "the pool" }] }),
      help:
        size === 0
          ? "give the pool at least one slot; `freshet pools set` drains it when there is need"
          : `take at most ${size}, or give the pool more`,
    },
  );
}

/** The pool as it was declared; its faults are told where it was written, once. */
function knownPool(definition: PoolDefinition, { known, places, problems }: PoolSurroundings): KnownPool {
  const seen = known.byDefinition.get(definition);
  if (seen !== undefined) return seen;
  const name = typeof definition.id === "string" ? `pool '${definition.id}'` : "a pool";
  const report = reporter(problems, name, () => places(definition.site));
  const pool: KnownPool = { definition, places, spec: specOf(definition, report) };
  known.byDefinition.set(definition, pool);
  if (pool.spec === undefined) return pool;
  const first = known.byId.get(pool.spec.pool);
  if (first === undefined) known.byId.set(pool.spec.pool, pool);
  else if (first.spec?.slots !== pool.spec.slots) reportOtherSize(first, pool.spec, report);
  return pool;
}

function specOf({ id, options }: PoolDefinition, report: Reporter): PoolSpec | undefined {
  const fault = idFault("pool", id);
  if (fault !== undefined) report("DAG001", `its id ${fault}`);
  if (!isRecord(options)) {
    report("DAG005", `its options are ${shown(options)}, expected an object such as { slots: 8 }`);
    return undefined;
  }
  const { slots: given, ...others } = optionsOf({ options });
  for (const other of Object.keys(others))
    report("DAG004", `there is no option '${other}'`, { help: "the options here are slots" });
  const slots = whole(0, POOL_SLOTS_MAX)(given, "slots", report);
  return fault === undefined && slots !== undefined ? { pool: id as PoolId, slots } : undefined;
}

function reportOtherSize({ definition, places, spec }: KnownPool, { slots }: PoolSpec, report: Reporter): void {
  const at = places(definition.site);
  report("DAG026", `it has ${slots} slots here, and ${spec?.slots} elsewhere`, {
    ...(at === undefined ? {} : { labels: [{ at, text: "elsewhere" }] }),
    help: "declare it once, in a file that the others import",
  });
}

/**
 * The tasks with what decides which of them comes first, where a pool has not enough slots: with what waits for them counted in
 * (`downstream`, the default), with what comes before them (`upstream`), or as the author gave it.
 */
export function withPriorities(tasks: readonly TaskSpec[], rule: PriorityRule): readonly TaskSpec[] {
  // Nobody asks without a pool.
  if (rule === "absolute" || !tasks.some(({ pools }) => pools.length > 0)) return tasks;
  const places = new Map<string, number>(tasks.map(({ taskId }, place) => [taskId, place]));
  const next: number[][] = tasks.map(() => []);
  for (const [place, { upstream }] of tasks.entries()) {
    for (const { taskId } of upstream) {
      const above = places.get(taskId);
      if (above === undefined) continue;
      if (rule === "downstream") next[above]?.push(place);
      else next[place]?.push(above);
    }
  }
  const seenFrom = new Int32Array(tasks.length).fill(-1);
  return tasks.map((task, place) => {
    let priority = 0;
    const open = [place];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seenFrom[at] === place) continue;
      seenFrom[at] = place;
      priority += tasks[at]?.priority ?? 0;
      open.push(...(next[at] ?? []));
    }
    return { ...task, priority };
  });
}
