/** Tasks of a world that start runs of its other DAGs. */
import { dagId } from "../../../shared/core/ids.ts";
import { CHILD_FAILURE_POLICIES, type ChildSpec, type Manifest } from "../../../shared/core/manifest.ts";
import type { Bent } from "./bent.ts";
import type { Random } from "../../../shared/simulated/random.ts";

/** Tasks that could start a run, and do; and where that is what most of them do. */
const TRIGGERS = 0.2;
const MANY_TRIGGERS = 0.5;
/** Of those, such as name a DAG that is not there. */
const UNKNOWN = 0.03;

/** The DAG, some of whose tasks start runs of later ones: so nobody waits for himself, at however many removes. */
export function withChildren(random: Random, dag: Manifest, count: number, bent: Bent): Manifest {
  const own = Number(dag.dagId.slice("dag".length));
  const lists = new Set(dag.tasks.flatMap(({ map }) => map?.over ?? []));
  const tasks = dag.tasks.map((task) => {
    const plain = task.kind === "task" && task.role === "work" && task.map === null;
    const able = plain && !lists.has(task.taskId) && own < count;
    if (!able || !random.chance(bent === "children" ? MANY_TRIGGERS : TRIGGERS)) return task;
    const child = childOf(random, random.integer(own + 1, count), bent);
    // Tried again so soon that the child run before has hardly heard of it.
    const retry = bent === "children" ? { ...task.retry, retries: 2, delayMs: 1_000 } : task.retry;
    return { ...task, child, retry };
  });
  return { ...dag, tasks };
}

const childOf = (random: Random, number: number, bent: Bent): ChildSpec => ({
  dagId: dagId(random.chance(UNKNOWN) ? "nowhere" : `dag${number}`),
  wait: random.chance(0.75),
  onFailure: random.pick(CHILD_FAILURE_POLICIES),
  waitMs: random.chance(bent === "children" ? 0.7 : 0.3) ? random.pick([60_000, 1_800_000]) : null,
});
