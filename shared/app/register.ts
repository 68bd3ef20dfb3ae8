/** Makes versions of DAGs the ones that new runs get. */
import { decideDag, newDag } from "../core/dag/decide.ts";
import type { DagId } from "../core/ids.ts";
import type { DagVersion } from "../ports/dag-store.ts";
import { advanceDag, advancePool } from "./advance.ts";
import { deliverDag } from "./deliver/dag.ts";
import type { Engine } from "./engine.ts";
import { patiently } from "./patiently.ts";

export interface Registered {
  readonly dagId: DagId;
  /** `unchanged`: this version was the current one already. */
  readonly change: "new" | "changed" | "unchanged" | "removed";
}

/** Registers versions whose bundles are stored. Idempotent; runs in flight keep the version they have. */
export async function register(engine: Engine, versions: readonly DagVersion[]): Promise<readonly Registered[]> {
  return Promise.all(versions.map((version) => registerOne(engine, version)));
}

async function registerOne(engine: Engine, version: DagVersion): Promise<Registered> {
  const { dagId } = version.manifest;
  const stored = await engine.dags.load(dagId);
  if (stored !== undefined && stored.value.version === version.version && !stored.value.removed)
    return { dagId, change: "unchanged" };
  await declarePools(engine, version);
  await engine.dags.putVersion(version);
  engine.crashPoint("register:put-version");
  const event = { type: "registered", version: version.version } as const;
  if (stored === undefined) {
    const now = engine.clock.now();
    const { dag, commands } = decideDag(newDag(dagId, version.version, now), version.manifest, [event], now);
    if ((await engine.dags.create(dag, engine.ids.commitId())) === "created") {
      await deliverDag(engine, dag, version, commands);
      return { dagId, change: "new" };
    }
  }
  await patiently(engine, () => advanceDag(engine, dagId, [event]));
  return { dagId, change: stored === undefined ? "new" : "changed" };
}

/** Before any run of the version can want them. What an operator set stands, unless the source says another number now. */
async function declarePools(engine: Engine, { manifest }: DagVersion): Promise<void> {
  for (const { pool, slots } of manifest.pools) {
    await patiently(engine, () => advancePool(engine, pool, [{ type: "declared", slots }], { declared: slots }));
  }
  if (manifest.pools.length > 0) engine.crashPoint("register:put-pools");
}

/** Stops DAGs whose definition is gone: they start nothing, and stay readable. Returns those that were there till now. */
export async function unregister(engine: Engine, keep: ReadonlySet<string>): Promise<readonly Registered[]> {
  const gone = (await engine.dags.list()).filter((dag) => !dag.removed && !keep.has(dag.dagId));
  await Promise.all(gone.map((dag) => patiently(engine, () => advanceDag(engine, dag.dagId, [{ type: "removed" }]))));
  return gone.map((dag) => ({ dagId: dag.dagId, change: "removed" }));
}
