import { type ActiveRun, DAG_SCHEMA, type DagRecord } from "../../shared/core/dag/record.ts";
import { dagId, runId } from "../../shared/core/ids.ts";
import type { DagVersion } from "../../shared/ports/dag-store.ts";
import { aManifest } from "./manifest.ts";
import { aVersionHash } from "./run.ts";
import { NOON } from "./times.ts";

export const anActiveRun = (overrides: Partial<ActiveRun> = {}): ActiveRun => ({
  runId: runId("orders.run-1"),
  epoch: 1,
  since: NOON,
  confirmed: false,
  ...overrides,
});

export const A_PAUSE: DagRecord["paused"] = { by: "ann", reason: "maintenance", at: NOON };

/** A DAG that starts nothing. */
export const aStop = (how: "removed" | "paused"): Partial<DagRecord> =>
  how === "removed" ? { removed: true } : { paused: A_PAUSE };

/** Without overrides: `orders`, registered at NOON, idle, without a schedule. */
export const aDagRecord = (overrides: Partial<DagRecord> = {}): DagRecord => ({
  schema: DAG_SCHEMA,
  dagId: dagId("orders"),
  version: aVersionHash(),
  registeredAt: NOON,
  removed: false,
  paused: null,
  cursor: null,
  nextFire: null,
  gaps: [],
  active: [],
  windows: [],
  queue: "empty",
  due: null,
  ...overrides,
});

export const aDagVersion = (overrides: Partial<DagVersion> = {}): DagVersion => ({
  version: aVersionHash(),
  manifest: aManifest(),
  bundle: "b".repeat(64),
  ...overrides,
});
