/**
 * What becomes of a DAG, worked out the slow and obvious way: by recursion over its tasks, from how each of them would end if
 * it ran. Shares no code with the engine, knows nothing of time, attempts or events; the engine must come to the same.
 */
import type { Manifest, MapSpec, TaskSpec } from "../../shared/core/manifest.ts";
import { finalByTable, type Ending, type FinalVerdict } from "./rule-table.ts";

/** How a task ends if it runs. */
export type Script =
  | {
      readonly ends: "success";
      readonly chosen?: readonly string[];
      readonly proceed?: boolean;
      /** What others are mapped over; null: it is no list. */
      readonly list?: readonly (number | null)[] | null;
      /** Of a mapped task: how its instances end, by their index. */
      readonly instances?: readonly InstanceEnd[];
    }
  | { readonly ends: "skipped" }
  | { readonly ends: "failed" };

export type InstanceEnd = "success" | "failed" | "skipped";

export interface Evaluation {
  readonly endings: Readonly<Record<string, Ending>>;
  /** The tasks that ran. */
  readonly ran: readonly string[];
  readonly state: "success" | "failed";
  readonly degraded: boolean;
  /** Of mapped tasks that came to their instances: how these would end if all of them ran. */
  readonly instances: Readonly<Record<string, readonly InstanceEnd[]>>;
}

export function evaluate(manifest: Manifest, scripts: Readonly<Record<string, Script>>): Evaluation {
  const graph = graphOf(manifest);
  const endings: Record<string, Ending> = {};
  const ran: string[] = [];
  const instances: Record<string, readonly InstanceEnd[]> = {};

  const endingOf = (id: string): Ending => {
    endings[id] ??= work(id);
    return endings[id];
  };
  const work = (id: string): Ending => {
    const verdict = verdictOn(graph.task(id));
    if (verdict !== "run") return verdict;
    ran.push(id);
    const { map } = graph.task(id);
    return map === null ? endedBy(graph, id, scripts[id]) : endedByInstances(id, map);
  };

  /** One instance for each item that is not null; the task ends as they do. */
  const endedByInstances = (id: string, map: MapSpec): Ending => {
    if (endingOf(map.over) !== "success") return "skipped";
    const [given, own] = [scripts[map.over], scripts[id]];
    const list = given?.ends === "success" ? given.list : undefined;
    if (list === null || list === undefined) return "failed";
    const items = list.filter((item) => item !== null);
    if (items.length === 0) return "skipped";
    if (items.length > map.limit) return "failed";
    const ends = own?.ends === "success" ? (own.instances ?? []).slice(0, items.length) : [];
    instances[id] = ends;
    const failed = ends.filter((end) => end === "failed").length;
    if (failed > tolerated(map, items.length)) return "failed";
    return ends.every((end) => end === "skipped") ? "skipped" : "success";
  };

  /** Rules see the instances of a mapped task; of one that tolerates failures the task alone. */
  const seen = (id: string): readonly Ending[] => {
    const ending = endingOf(id);
    const { map } = graph.task(id);
    return map !== null && map.tolerance === null ? (instances[id] ?? [ending]) : [ending];
  };

  const verdictOn = (task: TaskSpec): FinalVerdict => {
    const above = task.upstream.map((edge) => edge.taskId);
    for (const id of above) endingOf(id);
    if (task.role === "teardown" && task.rule === "all_done_setup_success") {
      return finalByTable("all_done_setup_success", task.setups.flatMap(seen));
    }
    if (task.role !== "teardown" && above.some((id) => !chosenBy(id, task))) return "skipped";
    const required = task.upstream.filter((edge) => !edge.optional).flatMap((edge) => seen(edge.taskId));
    const scope = finalByTable("all_success", graph.setupsAround(task.taskId).flatMap(seen));
    const verdicts = [scope, finalByTable(task.rule, required)];
    if (verdicts.includes("upstream_failed")) return "upstream_failed";
    return verdicts.includes("skipped") ? "skipped" : "run";
  };

  /** Whether the task above lets this child of its run: any task does, unless it is there to choose. */
  const chosenBy = (id: string, child: TaskSpec): boolean => {
    const { kind } = graph.task(id);
    const script = scripts[id];
    if (kind === "task" || endingOf(id) !== "success" || script?.ends !== "success") return true;
    if (kind === "shortCircuit") return script.proceed !== false;
    return (script.chosen ?? []).some((name) =>
      graph.named(id, name).some((from) => from === child.taskId || graph.isBelow(from, child.taskId)),
    );
  };

  for (const { taskId } of manifest.tasks) endingOf(taskId);
  return { endings, ran, instances, ...outcomeOf(graph, endings, instances) };
}

function tolerated({ tolerance }: MapSpec, length: number): number {
  if (tolerance === null) return 0;
  return "count" in tolerance ? tolerance.count : Math.floor(tolerance.share * length);
}

/** A branch that names what does not follow it directly fails. */
function endedBy(graph: Graph, id: string, script: Script | undefined): Ending {
  if (script === undefined) throw new Error(`no script for '${id}'`);
  if (script.ends !== "success" || graph.task(id).kind !== "branch") return script.ends;
  return (script.chosen ?? []).every((name) => graph.named(id, name).length > 0) ? "success" : "failed";
}

function outcomeOf(
  graph: Graph,
  endings: Readonly<Record<string, Ending>>,
  instances: Evaluation["instances"],
): Pick<Evaluation, "state" | "degraded"> {
  const broken = graph.ids.filter((id) => endings[id] === "failed" || endings[id] === "upstream_failed");
  const fatal = (id: string): boolean => endings[id] === "failed" && !isAllowed(graph, graph.task(id));
  const lacking = graph.ids.some(
    (id) =>
      endings[id] === "success" &&
      graph.task(id).upstream.some((edge) => edge.optional && endings[edge.taskId] !== "success"),
  );
  const tolerating = graph.ids.some((id) => endings[id] === "success" && instances[id]?.includes("failed") === true);
  const failed = broken.some(fatal);
  const degraded = !failed && (broken.length > 0 || lacking || tolerating);
  return { state: failed ? "failed" : "success", degraded };
}

/** Whether the run succeeds although this task failed. */
function isAllowed(graph: Graph, task: TaskSpec): boolean {
  if (task.allowFailure) return true;
  if (task.role === "teardown") return !task.failRun || isOnlyOptional(graph, task);
  return isOnlyOptional(graph, task);
}

function isOnlyOptional(graph: Graph, task: TaskSpec): boolean {
  const consumers = graph.ids.map((id) => graph.task(id)).filter((other) => other.role !== "teardown");
  const edges = consumers.flatMap((other) => other.upstream.filter((edge) => edge.taskId === task.taskId));
  return edges.length > 0 && edges.every((edge) => edge.optional);
}

type Graph = ReturnType<typeof graphOf>;

function graphOf({ tasks }: Manifest) {
  const ids = tasks.map((task): string => task.taskId);
  const task = (id: string): TaskSpec => {
    const found = tasks.find((spec) => spec.taskId === id);
    if (found === undefined) throw new Error(`no task '${id}'`);
    return found;
  };
  const isAbove = (above: string, below: string): boolean =>
    task(below).upstream.some((edge) => edge.taskId === above || isAbove(above, edge.taskId));
  const isBelow = (above: string, below: string): boolean => isAbove(above, below);
  const isChild = (above: string, below: string): boolean => task(below).upstream.some((edge) => edge.taskId === above);
  /** What a branch means by a name: a child, or all of its children in a group. Teardowns are nobody's to choose. */
  const named = (branch: string, name: string): readonly string[] =>
    ids.filter(
      (id) => isChild(branch, id) && task(id).role !== "teardown" && (id === name || id.startsWith(`${name}.`)),
    );
  /** Setups between which and their teardown the task lies, without depending on them directly. */
  const setupsAround = (id: string): readonly string[] => {
    const setups = tasks
      .filter((spec) => spec.role === "teardown" && isAbove(id, spec.taskId))
      .flatMap((spec) => spec.setups.filter((setup) => isAbove(setup, id) && !isChild(setup, id)));
    return [...new Set(setups)];
  };
  return { ids, task, isBelow, named, setupsAround };
}
