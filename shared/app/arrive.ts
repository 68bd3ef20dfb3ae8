/** Takes in objects that arrived: into the inbox of every trigger that wants them, then to the DAG. */
import type { ArrivedObject } from "../core/attempt.ts";
import type { Arrival } from "../core/dag-record.ts";
import type { DagId, TriggerId } from "../core/ids.ts";
import type { ArrivalTriggerSpec } from "../core/manifest.ts";
import { advanceDag } from "./advance.ts";
import type { Engine } from "./engine.ts";

/** Idempotent: an arrival that is told twice, or after its run, changes nothing. */
export async function arrive(engine: Engine, objects: readonly ArrivedObject[]): Promise<void> {
  for (const { dagId, trigger } of await triggers(engine)) {
    const wanted = objects.filter((object) => matches(trigger, object));
    if (wanted.length === 0) continue;
    await Promise.all(wanted.map((object) => engine.inbox.put(arrivalOf(engine, dagId, trigger.triggerId, object))));
    engine.crashPoint("arrive:put-inbox");
    // Also for arrivals that were known: the one who put them may have died before he told the DAG.
    await advanceDag(engine, dagId, [{ type: "arrived", triggerId: trigger.triggerId, at: engine.clock.now() }]);
  }
}

/** Whether a trigger takes an object: its bucket, prefix and suffix, to the letter. Folders' own markers are no files. */
const matches = (trigger: ArrivalTriggerSpec, { bucket, key }: Pick<ArrivedObject, "bucket" | "key">): boolean =>
  bucket === trigger.bucket && key.startsWith(trigger.prefix) && key.endsWith(trigger.suffix) && !key.endsWith("/");

const arrivalOf = (engine: Engine, dagId: DagId, triggerId: TriggerId, object: ArrivedObject): Arrival => ({
  dagId,
  triggerId,
  object,
  at: engine.clock.now(),
});

/** The arrival triggers of all registered DAGs. */
export async function triggers(
  engine: Engine,
): Promise<readonly { readonly dagId: DagId; readonly trigger: ArrivalTriggerSpec }[]> {
  const dags = (await engine.dags.list()).filter((dag) => !dag.removed && dag.windows.length > 0);
  const versions = await Promise.all(dags.map((dag) => engine.versions(dag.version)));
  return versions.flatMap(({ manifest }) => manifest.triggers.map((trigger) => ({ dagId: manifest.dagId, trigger })));
}
