/**
 * What becomes of a DAG, worked out the slow and obvious way: by recursion over its tasks, from how each of them would end if
 * it ran. Shares no code with the engine, knows nothing of time, attempts or events; the engine must come to the same.
 */
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import { finalByTable, type Ending, type FinalVerdict } from "./rule-table.ts";

/** How a task ends if it runs. */
export type Script =
  | { readonly ends: "success"; readonly chosen?: readonly string[]; readonly proceed?: boolean }
  | { readonly ends: "skipped" }
  | { readonly ends: "failed" };

export interface Evaluation {
  readonly endings: Readonly<Record<string, Ending>>;
  /** The tasks that ran. */
  readonly ran: readonly string[];
  readonly state: "success" | "failed";
  readonly degraded: boolean;
}

export function evaluate(manifest: Manifest, scripts: Readonly<Record<string, Script>>): Evaluation {
  const graph = graphOf(manifest);
  const endings: Record<string, Ending> = {};
  const ran: string[] = [];

  const endingOf = (id: string): Ending => {
    endings[id] ??= work(id);
    return endings[id];
  };
  const work = (id: string): Ending => {
    const verdict = verdictOn(graph.task(id));
    if (verdict !== "run") return verdict;
    ran.push(id);
    return endedBy(graph, id, scripts[id]);
  };

  const verdictOn = (task: TaskSpec): FinalVerdict => {
    const above = task.upstream.map((edge) => edge.taskId);
    for (const id of above) endingOf(id);
    if (task.role === "teardown" && task.rule === "all_done_setup_success") {
      return finalByTable("all_done_setup_success", task.setups.map(endingOf));
    }
    if (task.role !== "teardown" && above.some((id) => !chosenBy(id, task))) return "skipped";
    const required = task.upstream.filter((edge) => !edge.optional).map((edge) => endingOf(edge.taskId));
    const scope = finalByTable("all_success", graph.setupsAround(task.taskId).map(endingOf));
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
  return { endings, ran, ...outcomeOf(graph, endings) };
}

/** A branch that names what does not follow it directly fails. */
function endedBy(graph: Graph, id: string, script: Script | undefined): Ending {
  if (script === undefined) throw new Error(`no script for '${id}'`);
  if (script.ends !== "success" || graph.task(id).kind !== "branch") return script.ends;
  return (script.chosen ?? []).every((name) => graph.named(id, name).length > 0) ? "success" : "failed";
}

function outcomeOf(graph: Graph, endings: Readonly<Record<string, Ending>>): Pick<Evaluation, "state" | "degraded"> {
  const broken = graph.ids.filter((id) => endings[id] === "failed" || endings[id] === "upstream_failed");
  const fatal = (id: string): boolean => endings[id] === "failed" && !isAllowed(graph, graph.task(id));
  const lacking = graph.ids.some(
    (id) =>
      endings[id] === "success" &&
      graph.task(id).upstream.some((edge) => edge.optional && endings[edge.taskId] !== "success"),
  );
  const failed = broken.some(fatal);
  return { state: failed ? "failed" : "success", degraded: !failed && (broken.length > 0 || lacking) };
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
