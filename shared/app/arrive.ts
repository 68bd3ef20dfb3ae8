/** Takes in objects that arrived: into the inbox of every trigger that wants them, then to the DAG. */
import type { ArrivedObject } from "../core/attempt.ts";
import type { Arrival } from "../core/dag/record.ts";
import { FreshetError } from "../core/errors.ts";
import type { DagId, TriggerId } from "../core/ids.ts";
import type { ArrivalTriggerSpec } from "../core/manifest.ts";
import { advanceDag } from "./advance.ts";
import type { Engine } from "./engine.ts";

/**
 * Idempotent: an arrival that is told twice, or after its run, changes nothing. A DAG that cannot be told keeps no other from
 * hearing; rejects then, with what may pass before what will not.
 */
export async function arrive(engine: Engine, objects: readonly ArrivedObject[]): Promise<void> {
  const errors: unknown[] = [];
  for (const triggered of await allTriggers(engine)) {
    const wanted = objects.filter((object) => matches(triggered.trigger, object));
    if (wanted.length > 0) await tellOne(engine, triggered, wanted).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors.find(isPassing) ?? errors[0];
}

const isPassing = (error: unknown): boolean => error instanceof FreshetError && error.retryable;

async function tellOne(engine: Engine, triggered: Triggered, objects: readonly ArrivedObject[]): Promise<void> {
  const { dagId, removed } = triggered;
  const { triggerId } = triggered.trigger;
  if (removed && !(await isBack(engine, dagId))) return;
  await Promise.all(objects.map((object) => engine.inbox.put(arrivalOf(engine, dagId, triggerId, object))));
  engine.crashPoint("arrive:put-inbox");
  // Also for arrivals that were known: the one who put them may have died before he told the DAG.
  await advanceDag(engine, dagId, [{ type: "arrived", triggerId, at: engine.clock.now() }]);
}

/** The list may be of a moment ago: a DAG that was just registered again must not miss what arrives. */
const isBack = async (engine: Engine, id: DagId): Promise<boolean> =>
  (await engine.dags.load(id))?.value.removed === false;

/** Whether a trigger takes an object: its bucket, prefix and suffix, to the letter. Folders' own markers are no files. */
const matches = (trigger: ArrivalTriggerSpec, { bucket, key }: Pick<ArrivedObject, "bucket" | "key">): boolean =>
  bucket === trigger.bucket && key.startsWith(trigger.prefix) && key.endsWith(trigger.suffix) && !key.endsWith("/");

const arrivalOf = (engine: Engine, dagId: DagId, triggerId: TriggerId, object: ArrivedObject): Arrival => ({
  dagId,
  triggerId,
  object,
  at: engine.clock.now(),
});

interface Triggered {
  readonly dagId: DagId;
  readonly trigger: ArrivalTriggerSpec;
  /** As the list of DAGs has it. */
  readonly removed: boolean;
}

/** The arrival triggers of all registered DAGs. */
export const triggers = async (engine: Engine): Promise<readonly Triggered[]> =>
  (await allTriggers(engine)).filter(({ removed }) => !removed);

async function allTriggers(engine: Engine): Promise<readonly Triggered[]> {
  const dags = (await engine.dags.list()).filter((dag) => dag.windows.length > 0);
  return (
    await Promise.all(
      dags.map(async ({ dagId, version, removed }) => {
        const { manifest } = await engine.versions(version);
        return manifest.triggers.map((trigger) => ({ dagId, trigger, removed }));
      }),
    )
  ).flat();
}
