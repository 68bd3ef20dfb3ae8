import type { Fact } from "../core/events.ts";

/** The loudspeaker: facts for alerts, other teams' rules, audit. At least once; a fact that is lost is not sent again. */
export interface EventBus {
  publish(facts: readonly Fact[]): Promise<void>;
}
