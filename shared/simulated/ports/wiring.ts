/** The ports of one process, put together as the use-cases want them. */
import { executorOfClass } from "../../core/executor-class.ts";
import { createVersionCache, type Engine } from "../../app/engine.ts";
import type { Executing } from "../../app/attempt/run-attempt.ts";
import type { Process } from "../process.ts";
import type { SimulatedWorld } from "../world.ts";
import { TOKENS, busOf, eventsOf, faultLogOf, idsOf, tasksOf, timersOf } from "./signals.ts";
import {
  attemptStoreOf,
  auditLogOf,
  backfillStoreOf,
  blobStoreOf,
  dagStoreOf,
  dueIndexOf,
  inboxOf,
  poolStoreOf,
  runStoreOf,
} from "./stores.ts";

export function engineOf(world: SimulatedWorld, process: Process): Engine {
  const dags = dagStoreOf(world, process);
  const load = createVersionCache(dags);
  const { versions: kept } = process.host;
  return {
    runs: runStoreOf(world, process),
    dags,
    pools: poolStoreOf(world, process),
    backfills: backfillStoreOf(world, process),
    due: dueIndexOf(world, process),
    audit: auditLogOf(world, process),
    attempts: attemptStoreOf(world, process),
    inbox: inboxOf(world, process),
    blobs: blobStoreOf(world, process),
    events: eventsOf(world, process),
    tasks: (executorClass) => tasksOf(world, process, executorOfClass(executorClass)),
    timers: timersOf(world, process),
    bus: busOf(world, process),
    faults: faultLogOf(world, process),
    clock: process.clock,
    ids: idsOf(world),
    tokens: TOKENS,
    async versions(version) {
      // What one process of a host has loaded, the others have.
      const known = kept.get(version);
      if (known !== undefined) return known;
      const loaded = await load(version);
      kept.set(version, loaded);
      return loaded;
    },
    crashPoint: process.crashPoint,
  };
}

export function executingOf(
  world: SimulatedWorld,
  process: Process,
  own: Pick<Executing, "runner" | "leaseMs" | "heartbeatMs">,
): Executing {
  return {
    attempts: attemptStoreOf(world, process),
    blobs: blobStoreOf(world, process),
    events: eventsOf(world, process),
    clock: process.clock,
    ids: idsOf(world),
    crashPoint: process.crashPoint,
    ...own,
  };
}
