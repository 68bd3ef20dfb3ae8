/** What the ports of all processes of one simulated world share. */
import type { Dispatch } from "../core/attempt.ts";
import type { Executor } from "../core/manifest.ts";
import type { RunMessage } from "../contract/messages.ts";
import type { Fault } from "../ports/fault-log.ts";
import type { Database } from "./database.ts";
import type { Surroundings } from "./process.ts";
import type { Watch } from "./watch.ts";

/** The end of a queue that messages are put in; who takes them out is for the world to say. */
export interface QueueEnd<Message> {
  accept(message: Message, delayMs: number): void;
}

export interface SimulatedWorld extends Surroundings {
  readonly database: Database;
  readonly watch: Watch;
  readonly events: QueueEnd<RunMessage>;
  readonly tasks: Readonly<Record<Executor, QueueEnd<Dispatch>>>;
  /** Messages travel as text and are parsed where they arrive, as the contract has it. */
  readonly wire: boolean;
  readonly recordedFaults: Fault[];
  /** A number that was never given before. */
  count(): number;
  /** Told only when somebody reads along. */
  readonly trace: ((line: () => string) => void) | undefined;
}
