/** Which tasks make up a DAG: those that it lists, and everything that they come after. */
import {
  dagDefinition,
  isRecord,
  optionsOf,
  taskDefinition,
  upstreamOf,
  type DagDefinition,
  type RawUpstream,
  type TaskDefinition,
} from "./definition.ts";

export interface NamedUpstream extends RawUpstream {
  /** null: order only. */
  readonly input: string | null;
}

/** The upstreams of a task as it names them; values that are no tasks are left to the checks. */
export function upstreamsOf(task: TaskDefinition): readonly NamedUpstream[] {
  const { inputs, after, of, over } = optionsOf(task);
  const found: NamedUpstream[] = [];
  for (const [input, value] of Object.entries(isRecord(inputs) ? inputs : {})) {
    const upstream = upstreamOf(value);
    if (upstream !== undefined) found.push({ ...upstream, input });
  }
  const mapped = task.mapped ? upstreamOf(over) : undefined;
  if (mapped !== undefined) found.push({ ...mapped, input: null });
  for (const list of [after, task.role === "teardown" ? of : undefined]) {
    for (const value of Array.isArray(list) ? (list as readonly unknown[]) : []) {
      const upstream = upstreamOf(value);
      if (upstream !== undefined) found.push({ ...upstream, input: null });
    }
  }
  return found;
}

/**
 * The tasks, each after those that it comes after, otherwise in the order of the list. It depends on what the DAG says and on
 * nothing else, so that an unchanged DAG keeps its version. In a cycle the order is arbitrary.
 */
export function membersOf(dag: DagDefinition): readonly TaskDefinition[] {
  const listed = optionsOf(dag)["tasks"];
  const ordered: TaskDefinition[] = [];
  const seen = new Set<TaskDefinition>();
  // Without recursion: a chain may be longer than the stack is deep.
  const open: { readonly task: TaskDefinition; readonly above: readonly NamedUpstream[]; next: number }[] = [];
  const enter = (task: TaskDefinition | undefined): void => {
    if (task === undefined || seen.has(task)) return;
    seen.add(task);
    open.push({ task, above: upstreamsOf(task), next: 0 });
  };
  for (const value of Array.isArray(listed) ? (listed as readonly unknown[]) : []) {
    enter(taskDefinition(value));
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const upstream = top.above[top.next++];
      if (upstream !== undefined) enter(upstream.task);
      else {
        ordered.push(top.task);
        open.pop();
      }
    }
  }
  return ordered;
}

/** The DAGs among the exports of a file, each once; an export may also be a list of them. */
export function exportedDags(exports: object): readonly DagDefinition[] {
  const dags = new Set<DagDefinition>();
  for (const value of Object.values(exports) as readonly unknown[]) {
    for (const item of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      const definition = dagDefinition(item);
      if (definition !== undefined) dags.add(definition);
    }
  }
  return [...dags];
}
