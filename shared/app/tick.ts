/** The clock's part, once a minute on AWS and more often embedded: wakes what is due, arms timers for what soon will be. */
import { wakeMessage } from "../contract/messages.ts";
import { plus, type Instant } from "../core/time.ts";
import { TIMER_HORIZON_MS } from "../ports/timers.ts";
import type { Engine } from "./engine.ts";

export interface TickResult {
  readonly woken: number;
  readonly armed: number;
  /** False: the time was up before all that is due was seen; the next tick begins elsewhere. */
  readonly complete: boolean;
}

/**
 * Sends a wake for each record that is due, and arms a timer for each that will be within `horizonMs`. Only wakes: the
 * record decides. Keeps no cursor. Stops at `until`, so that one tick never runs into the next.
 */
export async function tick(engine: Engine, until: Instant, horizonMs = TIMER_HORIZON_MS): Promise<TickResult> {
  const now = engine.clock.now();
  let woken = 0;
  let armed = 0;
  for await (const page of engine.due.due(plus(now, horizonMs))) {
    const overdue = page.filter((record) => record.due <= now && !engine.faults.isKnown(record.kind, record.id, now));
    const soon = page.filter((record) => record.due > now);
    await engine.events.send(overdue.map((record) => wakeMessage(record)));
    await Promise.all(soon.map(({ due, ...target }) => engine.timers.arm(target, due, now)));
    woken += overdue.length;
    armed += soon.length;
    if (engine.clock.now() >= until) return { woken, armed, complete: false };
  }
  return { woken, armed, complete: true };
}
