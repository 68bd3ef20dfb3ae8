import { tick } from "../../../shared/app/tick.ts";
import { instant } from "../../../shared/core/time.ts";
import { TIMER_HORIZON_MS } from "../../../shared/ports/timers.ts";
import { engineOf } from "../../../shared/simulated/ports/wiring.ts";
import { createProcess, type Host } from "../../../shared/simulated/process.ts";
import type { World } from "../world.ts";
import { isDuring, SCHEDULER_SKEW_MS_MAX } from "./consumer.ts";

const TICK_MS = 60_000;
const TICK_TIMEOUT_MS = 50_000;

/** The clock of the house: a tick a minute, as long as the world lasts. */
export function startTicker(world: World): void {
  const { kernel, faults, database, outage } = world;
  const random = world.random.fork("ticker");
  const skewMs = faults.strikes("clock:skewed") ? (random.next() * 2 - 1) * SCHEDULER_SKEW_MS_MAX : 0;
  const host: Host = { name: "ticker", skewMs, versions: new Map() };

  const beat = (): void => {
    kernel.after(TICK_MS, beat);
    if (isDuring(outage, kernel.now())) return;
    // Without anything due, or nearly, a tick does nothing: most of a simulated day is spared.
    const soon = kernel.now() + TIMER_HORIZON_MS + SCHEDULER_SKEW_MS_MAX;
    if (database.due.least(({ due }) => due) > soon) return;
    if (faults.strikes("tick:missed")) return;
    start();
    if (faults.strikes("tick:doubled")) kernel.after(random.skewed(0, 5_000), start);
  };

  const start = (): void => {
    const process = createProcess(world, host, `ticker/${world.count()}`);
    const until = instant(process.clock.now() + TICK_TIMEOUT_MS);
    tick(engineOf(world, process), until).then(
      () => process.end(),
      // The next one sees the same.
      () => process.end(),
    );
    kernel.settled();
  };

  kernel.after(random.integer(0, TICK_MS), beat);
}
