import { handleRunMessages } from "../../../shared/app/handle-messages.ts";
import { engineOf } from "../../../shared/simulated/ports/wiring.ts";
import type { World } from "../world.ts";
import { SCHEDULER_SKEW_MS_MAX, startConsumer } from "./consumer.ts";

const BATCH_MAX = 10;
const TIMEOUT_MS = 30_000;
const VISIBILITY_MS = 90_000;

/** The scheduler function: batches of run events, several of them at once. */
export function startSchedulers(world: World): void {
  startConsumer(world, {
    name: "scheduler",
    queue: world.events,
    hosts: 3,
    slotsPerHost: 1,
    batchMax: BATCH_MAX,
    skewMsMax: SCHEDULER_SKEW_MS_MAX,
    visibilityMs: () => VISIBILITY_MS,
    timeoutMs: () => TIMEOUT_MS,
    outage: world.outage,
    handle: (process, messages) => handleRunMessages(engineOf(world, process), messages),
  });
}
