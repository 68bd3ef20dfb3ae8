/** Everything that the actors of one simulation share. */
import type { Dispatch } from "../../shared/core/attempt.ts";
import type { Executor } from "../../shared/core/manifest.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import type { Fault } from "../../shared/ports/fault-log.ts";
import type { Database } from "./database.ts";
import type { Faults } from "./faults.ts";
import type { Kernel } from "./kernel.ts";
import type { Surroundings } from "./process.ts";
import type { SimulatedQueue } from "./queue.ts";
import type { Random } from "./random.ts";
import type { Watch } from "./watch.ts";
import type { CodeScripts } from "./world/user-code.ts";

export interface World extends Surroundings {
  readonly seed: number;
  readonly kernel: Kernel;
  /** Chance in what happens when; each actor forks its own. */
  readonly random: Random;
  readonly faults: Faults;
  readonly database: Database;
  readonly watch: Watch;
  readonly events: SimulatedQueue<RunMessage>;
  readonly tasks: Readonly<Record<Executor, SimulatedQueue<Dispatch>>>;
  readonly code: CodeScripts;
  /** Messages travel as text and are parsed where they arrive, as the contract has it. */
  readonly wire: boolean;
  readonly recordedFaults: Fault[];
  /** A number that was never given before. */
  count(): number;
  /** Told only when somebody reads along. */
  readonly trace: ((line: () => string) => void) | undefined;
}
