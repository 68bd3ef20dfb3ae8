/** Graphs of tasks: chains, diamonds, fans and layers, with every trigger rule and every other thing a task can be. */
import type { Executor, TaskSpec, TriggerRule } from "../../../shared/core/manifest.ts";
import { TRIGGER_RULES } from "../../../shared/core/manifest.ts";
import { aMapSpec, aRetrySpec, aTaskSpec, anUpstream } from "../../builders/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";

export interface Node {
  readonly id: string;
  readonly after: readonly string[];
}

/** Rules for any task; a teardown's own is for teardowns. */
export const RULES: readonly TriggerRule[] = TRIGGER_RULES.filter((rule) => rule !== "all_done_setup_success");
export const EXECUTORS: readonly Executor[] = ["lambda", "worker"];

/** How a world likes its maps. */
export interface MapHabits {
  /** Of the DAGs: those that have some. */
  readonly share: number;
  /** Instances that one record holds at the most. */
  readonly widths: readonly number[];
}

/** Few instances fill a chunk in half of the worlds. */
const USUAL_MAPS: MapHabits = { share: 0.35, widths: [2, 3, 512, 512] };

/** Tasks in topological order. */
export function generateTasks(random: Random, maps = USUAL_MAPS): readonly TaskSpec[] {
  const nodes = withTeardown(random, shape(random));
  const children = new Map<string, number>();
  for (const { after } of nodes) for (const id of after) children.set(id, (children.get(id) ?? 0) + 1);
  const executors = random.chance(0.5) ? EXECUTORS : [random.pick(EXECUTORS)];
  const tasks = nodes.map((node) => taskOf(random, node, children.get(node.id) ?? 0, executors));
  return random.chance(maps.share) ? withMaps(random, tasks, maps) : tasks;
}

function shape(random: Random): Node[] {
  const size = random.integer(2, 7);
  const kind = random.weighted([
    [2, "chain"],
    [2, "fan"],
    [2, "diamond"],
    [4, "layers"],
  ] as const);
  const id = (index: number): string => `t${index + 1}`;
  const all = Array.from({ length: size }, (_, index) => id(index));
  switch (kind) {
    case "chain":
      return all.map((name, index) => ({ id: name, after: index === 0 ? [] : [id(index - 1)] }));
    case "fan":
      return all.map((name, index) => {
        if (index === 0) return { id: name, after: [] };
        return { id: name, after: index === size - 1 && size > 3 ? all.slice(1, -1) : [id(0)] };
      });
    case "diamond":
      // Rhombus after rhombus: 1, 2-3, 4, 5-6, 7 ...
      return all.map((name, index) => {
        if (index === 0) return { id: name, after: [] };
        const top = index - (index % 3 === 0 ? 3 : index % 3);
        return { id: name, after: index % 3 === 0 ? [id(index - 2), id(index - 1)] : [id(top)] };
      });
    default:
      return all.map((name, index) => ({
        id: name,
        after: all.slice(Math.max(0, index - 5), index).filter(() => random.chance(0.4)),
      }));
  }
}

/** A setup above some of the roots, and a teardown below everything that hangs on it. */
function withTeardown(random: Random, nodes: Node[]): Node[] {
  if (!random.chance(0.35)) return nodes;
  const roots = nodes.filter((node) => node.after.length === 0).map((node) => node.id);
  const under = new Set([random.pick(roots), ...roots.filter(() => random.chance(0.5))]);
  const based = nodes.map((node) => (under.has(node.id) ? { ...node, after: ["setup"] } : node));
  const below = new Set(["setup"]);
  for (const node of based) if (node.after.some((id) => below.has(id))) below.add(node.id);
  const parents = new Set(based.flatMap((node) => node.after));
  const leaves = [...below].filter((id) => id !== "setup" && !parents.has(id));
  return [{ id: "setup", after: [] }, ...based, { id: "teardown", after: ["setup", ...leaves] }];
}

export function taskOf(
  random: Random,
  { id, after }: Node,
  children: number,
  executors: readonly Executor[],
): TaskSpec {
  const role = id === "setup" || id === "teardown" ? id : "work";
  const gate = role !== "work" ? "task" : children > 1 && random.chance(0.25) ? "branch" : "task";
  const kind = gate === "task" && role === "work" && children > 0 && random.chance(0.08) ? "shortCircuit" : gate;
  const ruled = role === "work" && after.length > 0 && random.chance(0.4);
  const optional = (): boolean => role === "work" && random.chance(0.1);
  return aTaskSpec(id, {
    kind,
    role,
    setups: role === "teardown" ? ["setup"] : [],
    upstream: after.map((up) => anUpstream(up, { optional: optional(), input: random.chance(0.8) ? up : null })),
    rule: role === "teardown" ? "all_done_setup_success" : ruled ? random.pick(RULES) : "all_success",
    retry: retryOf(random),
    timeoutMs: random.pick([30_000, 120_000, 600_000]),
    queuedTimeoutMs: random.pick([300_000, 1_800_000]),
    allowFailure: random.chance(0.1),
    failRun: random.chance(0.3),
    executor: random.pick(executors),
    hooks: { onSuccess: random.chance(0.05), onFailure: random.chance(0.12), onRetry: random.chance(0.08) },
  });
}

/** Some of the tasks are mapped over the list of a task before them. */
function withMaps(random: Random, tasks: readonly TaskSpec[], maps: MapHabits): readonly TaskSpec[] {
  const mapped = new Set<string>();
  const givesList = ({ upstream }: TaskSpec): readonly string[] =>
    upstream
      .filter(({ taskId, optional }) => {
        const above = tasks.find((task) => task.taskId === taskId);
        return !optional && above?.kind === "task" && !mapped.has(taskId);
      })
      .map(({ taskId }) => taskId);
  return tasks.map((task) => {
    const lists = task.role === "work" && task.kind === "task" && task.rule !== "always" ? givesList(task) : [];
    if (lists.length === 0 || !random.chance(0.5)) return task;
    mapped.add(task.taskId);
    return { ...task, map: mapOf(random, random.pick(lists), maps) };
  });
}

export const mapOf = (random: Random, over: string, { widths } = USUAL_MAPS): NonNullable<TaskSpec["map"]> =>
  aMapSpec(over, {
    keyed: random.chance(0.2),
    chunkWidth: random.pick(widths),
    limit: random.pick([5, 10]),
    concurrency: random.chance(0.4) ? random.pick([1, 2]) : null,
    tolerance: random.weighted<NonNullable<TaskSpec["map"]>["tolerance"]>([
      [6, null],
      [1, { count: 0 }],
      [1, { count: 2 }],
      [1, { share: 0.4 }],
    ]),
  });

export const retryOf = (random: Random): TaskSpec["retry"] =>
  aRetrySpec({
    retries: random.weighted([
      [4, 0],
      [3, 1],
      [2, 2],
      [1, 3],
    ]),
    delayMs: random.pick([1_000, 10_000, 60_000]),
    backoff: random.pick([1, 2]),
    jitter: random.pick(["full", "none"]),
    maxDelayMs: random.pick([30_000, 300_000]),
    budgetMs: random.chance(0.2) ? random.pick([15_000, 120_000]) : null,
    on: random.weighted<TaskSpec["retry"]["on"]>([
      [6, "transient"],
      [1, ["FlakyError"]],
      [1, "function"],
    ]),
  });
