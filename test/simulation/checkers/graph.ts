/** The checkers' own reading of a manifest, by names and recursion; it shares no code with the engine's plan. */
import type { Manifest, TaskSpec } from "../../../shared/core/manifest.ts";

export interface Graph {
  readonly tasks: readonly TaskSpec[];
  task(id: string): TaskSpec | undefined;
  /** Upstream tasks that the rule counts. */
  required(task: TaskSpec): readonly string[];
  optional(task: TaskSpec): readonly string[];
  /** Direct upstream tasks that choose among their children. */
  gates(task: TaskSpec): readonly string[];
  /** Setups in whose scope the task lies without depending on them directly. */
  setupsAbove(task: TaskSpec): readonly string[];
  /** Every consumer takes it by `optional()`, and there is one; a teardown consumes nothing. */
  isForgiven(id: string): boolean;
}

const graphs = new WeakMap<Manifest, Graph>();

export function graphOf(manifest: Manifest): Graph {
  const known = graphs.get(manifest);
  if (known !== undefined) return known;
  const made = makeGraph(manifest);
  graphs.set(manifest, made);
  return made;
}

function makeGraph({ tasks }: Manifest): Graph {
  const byId = new Map<string, TaskSpec>(tasks.map((task) => [task.taskId, task]));
  const upstreamOf = (task: TaskSpec): string[] => task.upstream.map((edge) => edge.taskId);
  const ancestors = (id: string): Set<string> => {
    const found = new Set<string>();
    const visit = (task: TaskSpec | undefined): void => {
      for (const above of task === undefined ? [] : upstreamOf(task)) {
        if (found.has(above)) continue;
        found.add(above);
        visit(byId.get(above));
      }
    };
    visit(byId.get(id));
    return found;
  };
  const isBetween = (setup: string, id: string, teardown: TaskSpec): boolean =>
    ancestors(id).has(setup) && ancestors(teardown.taskId).has(id);
  const teardowns = tasks.filter((task) => task.role === "teardown");
  const above = new Map<string, string[]>(
    tasks.map((task) => {
      const setups = teardowns.flatMap((teardown) =>
        teardown.setups.filter((setup) => isBetween(setup, task.taskId, teardown)),
      );
      return [task.taskId, [...new Set(setups)].filter((setup) => !upstreamOf(task).includes(setup))];
    }),
  );
  return {
    tasks,
    task: (id) => byId.get(id),
    required: (task) => task.upstream.filter((edge) => !edge.optional).map((edge) => edge.taskId),
    optional: (task) => task.upstream.filter((edge) => edge.optional).map((edge) => edge.taskId),
    // What was set up is taken down whatever was chosen.
    gates: (task) => (task.role === "teardown" ? [] : upstreamOf(task).filter((id) => byId.get(id)?.kind !== "task")),
    setupsAbove: (task) => above.get(task.taskId) ?? [],
    isForgiven: (id) => {
      const consumers = tasks.filter((task) => task.role !== "teardown");
      const edges = consumers.flatMap((task) => task.upstream.filter((edge) => edge.taskId === id));
      return edges.length > 0 && edges.every((edge) => edge.optional);
    },
  };
}
