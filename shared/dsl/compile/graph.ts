/** The graph of a DAG's tasks: cycles, and what a teardown waits for. */
import type { TaskId } from "../../core/ids.ts";
import type { TaskSpec, UpstreamSpec } from "../../core/manifest.ts";

type Edges = ReadonlyMap<string, readonly string[]>;

const upstreamEdges = (tasks: readonly TaskSpec[]): Edges =>
  new Map(tasks.map((task) => [task.taskId, task.upstream.map((edge) => edge.taskId)]));

function downstreamEdges(tasks: readonly TaskSpec[]): Edges {
  const edges = new Map<string, string[]>(tasks.map((task) => [task.taskId, []]));
  for (const task of tasks) for (const { taskId } of task.upstream) edges.get(taskId)?.push(task.taskId);
  return edges;
}

/** The ids on the shortest cycle, in the order of work, the first one again at the end; undefined if there is none. */
export function shortestCycle(tasks: readonly TaskSpec[]): readonly string[] | undefined {
  if (isOrdered(tasks)) return undefined; // As they nearly always come.
  let shortest: readonly string[] | undefined;
  // Of what cannot be put in order, one task after the other: once all cycles through it are known, the rest has fewer.
  for (let stuck = unorderable(tasks); stuck.length > 0;) {
    const last = stuck.at(-1) as TaskSpec; // Backwards: what the author listed first is what was ordered last.
    const cycle = cycleThrough(last.taskId, downstreamEdges(stuck));
    if (cycle !== undefined && (shortest === undefined || cycle.length < shortest.length)) shortest = cycle;
    if (shortest?.length === 2) break; // A task that waits for itself: there is nothing shorter.
    stuck = unorderable(stuck.slice(0, -1));
  }
  return shortest;
}

function isOrdered(tasks: readonly TaskSpec[]): boolean {
  const before = new Set<string>();
  for (const { taskId, upstream } of tasks) {
    if (!upstream.every((edge) => before.has(edge.taskId))) return false;
    before.add(taskId);
  }
  return true;
}

/** The tasks that cannot be put in order among themselves: those on cycles, and those that wait for them. */
function unorderable(tasks: readonly TaskSpec[]): readonly TaskSpec[] {
  const downstream = downstreamEdges(tasks);
  const waitsFor = new Map<string, number>();
  for (const task of tasks) {
    waitsFor.set(task.taskId, task.upstream.filter((edge) => downstream.has(edge.taskId)).length);
  }
  const ready = [...waitsFor].flatMap(([id, count]) => (count === 0 ? [id] : []));
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    waitsFor.delete(id);
    for (const below of downstream.get(id) ?? []) {
      const left = (waitsFor.get(below) ?? 0) - 1;
      waitsFor.set(below, left);
      if (left === 0) ready.push(below);
    }
  }
  return tasks.filter((task) => waitsFor.has(task.taskId));
}

/** Breadth first, so that the first way back is a shortest one. */
function cycleThrough(start: string, downstream: Edges): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const open = [start];
  for (let index = 0; index < open.length; index++) {
    const id = open[index] as string;
    for (const below of downstream.get(id) ?? []) {
      if (below === start) return wayTo(id, start, cameFrom);
      if (cameFrom.has(below)) continue;
      cameFrom.set(below, id);
      open.push(below);
    }
  }
  return undefined;
}

function wayTo(last: string, start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const back = [start];
  for (let id: string | undefined = last; id !== undefined && id !== start; id = cameFrom.get(id)) back.push(id);
  return [start, ...back.toReversed()];
}

function reach(from: readonly string[], edges: Edges, enters: (id: string) => boolean = () => true): Set<string> {
  const found = new Set<string>();
  const open = [...from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const next of edges.get(id) ?? []) {
      if (found.has(next) || !enters(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

/**
 * The tasks with each teardown waiting for everything between its setups and itself: all that comes after its setups, and the
 * teardowns of setups among that; not what comes after a teardown. A cleanup that started while the work goes on would pull
 * the ground from under it, and rules may end a leaf before what is above it has ended.
 */
export function withTeardownScopes(tasks: readonly TaskSpec[]): readonly TaskSpec[] {
  const teardowns = tasks.filter((task) => task.role === "teardown");
  if (teardowns.length === 0) return tasks;
  const downstream = downstreamEdges(tasks);
  const isTeardown = new Set<string>(teardowns.map((task) => task.taskId));
  const afterTeardowns = reach([...isTeardown], downstream);
  const between = new Map<string, ReadonlySet<string>>(
    teardowns.map((task) => [task.taskId, reach(task.setups, downstream, (id) => !isTeardown.has(id))]),
  );
  return tasks.map((task) => {
    const scope = between.get(task.taskId);
    if (scope === undefined) return task;
    const waitsFor = new Set<string>([...scope].filter((id) => !afterTeardowns.has(id)));
    const after = reach([task.taskId], downstream);
    for (const inner of teardowns) {
      const nested = inner !== task && inner.setups.length > 0 && inner.setups.every((setup) => scope.has(setup));
      if (nested && !after.has(inner.taskId)) waitsFor.add(inner.taskId);
    }
    return { ...task, upstream: withEdges(task, waitsFor) };
  });
}

function withEdges(task: TaskSpec, waitsFor: ReadonlySet<string>): readonly UpstreamSpec[] {
  const known = new Set<string>(task.upstream.map((edge) => edge.taskId));
  const added = [...waitsFor].filter((id) => !known.has(id) && id !== task.taskId).toSorted();
  return [...task.upstream, ...added.map((id) => ({ taskId: id as TaskId, input: null, optional: false }))];
}

/** The tasks so that each comes after those that it waits for, otherwise in the order in which they are. */
export function inOrder(tasks: readonly TaskSpec[]): readonly TaskSpec[] {
  const upstream = upstreamEdges(tasks);
  const byId = new Map<string, TaskSpec>(tasks.map((task) => [task.taskId, task]));
  const placed = new Set<string>();
  const ordered: TaskSpec[] = [];
  for (const { taskId } of tasks) {
    const open: string[] = [taskId];
    for (let id = open.at(-1); id !== undefined; id = open.at(-1)) {
      const missing = placed.has(id) ? undefined : upstream.get(id)?.find((above) => !placed.has(above));
      if (missing !== undefined) open.push(missing);
      else {
        const task = byId.get(id);
        if (!placed.has(id) && task !== undefined) ordered.push(task);
        placed.add(id);
        open.pop();
      }
    }
  }
  return ordered;
}

/** The ids of the tasks directly after each task. */
export const childrenOf = downstreamEdges;
