/** What somebody changes about the tasks of a DAG between two deployments: a little of it, so that runs of both look alike. */
import { taskId, type TaskId } from "../../../shared/core/ids.ts";
import type { Manifest, TaskSpec, UpstreamSpec } from "../../../shared/core/manifest.ts";
import { anUpstream } from "../../builders/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";
import { EXECUTORS, mapOf, retryOf, RULES, taskOf } from "./graph.ts";

type Tasks = readonly TaskSpec[];
type Edit = (random: Random, tasks: Tasks) => Tasks;

/** Names are few, so that tasks which are gone come back. */
const NAMES = ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"];
const UPSTREAM_MAX = 3;
const EDITS_MAX = 3;

export function editedTasks(random: Random, before: Manifest): Partial<Manifest> {
  let { tasks } = before;
  for (let left = random.integer(1, EDITS_MAX); left > 0; left--) tasks = random.weighted(EDITS)(random, tasks);
  const hooks = { onSuccess: random.chance(0.3), onFailure: random.chance(0.3) };
  return { tasks: takenDownLast(tasks), ...(random.chance(0.15) ? { hooks } : {}) };
}

/** A teardown waits for all that comes after its setups. */
function takenDownLast(tasks: Tasks): Tasks {
  const teardown = tasks.find(({ role }) => role === "teardown");
  if (teardown === undefined) return tasks;
  const others = tasks.filter((task) => task !== teardown);
  const below = new Set<string>(teardown.setups);
  for (const task of others) if (task.upstream.some((edge) => below.has(edge.taskId))) below.add(task.taskId);
  const leaves = others.filter(
    (task) => isWork(task) && below.has(task.taskId) && !others.some((other) => takes(other, task.taskId)),
  );
  const upstream = [...teardown.setups, ...leaves.map((task) => task.taskId)].map((id) => anUpstream(id));
  return [...others, { ...teardown, upstream }];
}

const takes = ({ upstream }: TaskSpec, id: TaskId): boolean => upstream.some((edge) => edge.taskId === id);

const add: Edit = (random, tasks) => {
  const id = freeName(random, tasks);
  if (id === undefined) return tasks;
  const at = random.integer(0, tasks.length);
  const [above, below] = [tasks.slice(0, at), tasks.slice(at)];
  const candidates = above.filter(({ role }) => role !== "teardown").map((task) => task.taskId as string);
  const after = candidates.filter(() => random.chance(0.4)).slice(0, UPSTREAM_MAX);
  const made = taskOf(random, { id, after }, 0, EXECUTORS);
  const consumer = random.chance(0.6) ? someOf(random, below, isWork) : undefined;
  return [...above, made, ...below.map((task) => (task === consumer ? withUpstream(task, anUpstream(id)) : task))];
};

/** What was below it hangs on what was above it. */
const remove: Edit = (random, tasks) => {
  const gone = someOf(random, tasks, isWork);
  if (gone === undefined || tasks.length === 1) return tasks;
  const rest = tasks.filter((task) => task !== gone);
  return rest.map((task) => {
    if (!takes(task, gone.taskId)) return task;
    const map = task.map?.over === gone.taskId ? null : task.map;
    const others = task.upstream.filter((edge) => edge.taskId !== gone.taskId);
    return gone.upstream.reduce(withUpstream, { ...task, map, upstream: others });
  });
};

const rename: Edit = (random, tasks) => {
  const id = freeName(random, tasks);
  const named = someOf(random, tasks, isWork);
  if (id === undefined || named === undefined) return tasks;
  const nameOf = (other: TaskId): TaskId => (other === named.taskId ? taskId(id) : other);
  return tasks.map((task) => {
    if (task !== named && !takes(task, named.taskId)) return task;
    const upstream = task.upstream.map((edge) => ({ ...edge, taskId: nameOf(edge.taskId) }));
    const map = task.map === null ? null : { ...task.map, over: nameOf(task.map.over) };
    return { ...task, taskId: nameOf(task.taskId), upstream, map };
  });
};

/** Two that do not depend on each other change places in the file. */
const reorder: Edit = (random, tasks) => {
  const at = random.integer(0, Math.max(0, tasks.length - 2));
  const [first, second] = tasks.slice(at, at + 2);
  if (first === undefined || second === undefined) return tasks;
  if (takes(second, first.taskId)) return tasks;
  return [...tasks.slice(0, at), second, first, ...tasks.slice(at + 2)];
};

const isWork = ({ role }: TaskSpec): boolean => role === "work";

const one =
  (
    able: (task: TaskSpec, tasks: Tasks) => boolean,
    change: (random: Random, task: TaskSpec, tasks: Tasks) => TaskSpec,
  ): Edit =>
  (random, tasks) => {
    const chosen = someOf(random, tasks, (task) => able(task, tasks));
    return chosen === undefined ? tasks : tasks.map((task) => (task === chosen ? change(random, task, tasks) : task));
  };

const rule = one(
  (task) => isWork(task) && task.upstream.length > 0,
  (random, task) => ({
    ...task,
    rule: random.pick(task.map === null ? RULES : RULES.filter((each) => each !== "always")),
  }),
);

const tries = one(
  () => true,
  (random, task) => ({ ...task, retry: retryOf(random), timeoutMs: random.pick([30_000, 120_000, 600_000]) }),
);

const fate = one(isWork, (random, task) => ({
  ...task,
  allowFailure: random.chance(0.3),
  executor: random.pick(EXECUTORS),
  hooks: { onSuccess: random.chance(0.3), onFailure: random.chance(0.3), onRetry: random.chance(0.3) },
}));

const kind = one(
  (task, tasks) => isWork(task) && task.map === null && task.child === null && !givesList(task, tasks),
  (random, task) => ({ ...task, kind: random.pick(["task", "branch", "shortCircuit"]) }),
);

/** Its width, what it is mapped over, or whether it is. */
const map = one(
  (task, tasks) => isWork(task) && task.kind === "task" && task.child === null && !givesList(task, tasks),
  (random, task, tasks) => {
    const lists = task.rule === "always" ? [] : task.upstream.filter((edge) => mayGiveList(edge, tasks));
    if (lists.length === 0 || (task.map !== null && random.chance(0.15))) return { ...task, map: null };
    const other = mapOf(random, random.pick(lists).taskId);
    const { dependsOnPast: _past, ...alone } = task;
    if (task.map === null) return { ...alone, map: other };
    const over = random.chance(0.2) ? other.over : task.map.over;
    // Else its chunks are left behind.
    const chunkWidth = random.chance(0.2) ? other.chunkWidth : task.map.chunkWidth;
    return { ...alone, map: { ...other, over, chunkWidth } };
  },
);

const EDITS: readonly (readonly [number, Edit])[] = [
  [4, add],
  [3, remove],
  [1, rename],
  [1, reorder],
  [2, rule],
  [2, tries],
  [1, fate],
  [1, kind],
  [3, map],
];

const givesList = ({ taskId: id }: TaskSpec, tasks: Tasks): boolean => tasks.some((task) => task.map?.over === id);

function mayGiveList({ taskId: id, optional }: UpstreamSpec, tasks: Tasks): boolean {
  const above = tasks.find((task) => task.taskId === id);
  return !optional && above !== undefined && above.kind === "task" && above.map === null && above.child === null;
}

const withUpstream = (task: TaskSpec, edge: UpstreamSpec): TaskSpec =>
  task.upstream.some((other) => other.taskId === edge.taskId) ? task : { ...task, upstream: [...task.upstream, edge] };

function someOf(random: Random, tasks: Tasks, able: (task: TaskSpec) => boolean): TaskSpec | undefined {
  const candidates = tasks.filter(able);
  return candidates.length === 0 ? undefined : random.pick(candidates);
}

function freeName(random: Random, tasks: Tasks): string | undefined {
  const free = NAMES.filter((name) => !tasks.some((task) => task.taskId === name));
  return free.length === 0 ? undefined : random.pick(free);
}
