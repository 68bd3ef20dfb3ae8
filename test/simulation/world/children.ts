/** Tasks of a world that start runs of its other DAGs. */
import { dagId } from "../../../shared/core/ids.ts";
import { CHILD_FAILURE_POLICIES, type ChildSpec, type Manifest } from "../../../shared/core/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";

/** Tasks that could start a run, and do. */
const TRIGGERS = 0.2;
/** Of those, such as name a DAG that is not there. */
const UNKNOWN = 0.03;

/** The DAG, some of whose tasks start runs of later ones: so nobody waits for himself, at however many removes. */
export function withChildren(random: Random, dag: Manifest, count: number): Manifest {
  const own = Number(dag.dagId.slice("dag".length));
  const lists = new Set(dag.tasks.flatMap(({ map }) => map?.over ?? []));
  const tasks = dag.tasks.map((task) => {
    const plain = task.kind === "task" && task.role === "work" && task.map === null;
    const able = plain && !lists.has(task.taskId) && own < count;
    return able && random.chance(TRIGGERS) ? { ...task, child: childOf(random, random.integer(own + 1, count)) } : task;
  });
  return { ...dag, tasks };
}

const childOf = (random: Random, number: number): ChildSpec => ({
  dagId: dagId(random.chance(UNKNOWN) ? "nowhere" : `dag${number}`),
  wait: random.chance(0.75),
  onFailure: random.pick(CHILD_FAILURE_POLICIES),
  waitMs: random.chance(0.3) ? random.pick([60_000, 1_800_000]) : null,
});
