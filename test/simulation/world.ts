/** Everything that the actors of one simulation share. */
import type { Dispatch } from "../../shared/core/attempt.ts";
import type { Executor } from "../../shared/core/manifest.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import type { SimulatedWorld } from "../../shared/simulated/world.ts";
import type { Faults } from "./faults.ts";
import type { SimulatedQueue } from "./queue.ts";
import type { Outage } from "./world/plan.ts";
import type { CodeScripts } from "./world/user-code.ts";

export interface World extends SimulatedWorld {
  readonly seed: number;
  readonly faults: Faults;
  readonly events: SimulatedQueue<RunMessage>;
  readonly tasks: Readonly<Record<Executor, SimulatedQueue<Dispatch>>>;
  /** Of what the others have given up. */
  readonly deadEvents: SimulatedQueue<RunMessage>;
  readonly deadTasks: SimulatedQueue<Dispatch>;
  /** Every dispatch that was given up. */
  readonly deadDispatches: readonly Dispatch[];
  readonly outage: Outage | undefined;
  readonly code: CodeScripts;
}
