/** A home, or an environment on AWS, as commands look into it and change what is there. */
import type { Engine } from "../../shared/app/engine.ts";
import type { Reading } from "../../shared/app/views/runs.ts";
import type { TimerTarget } from "../../shared/ports/timers.ts";
import type { DeployedSettings } from "../load/in-environment.ts";
import type { StateStores } from "./stores.ts";

export interface OpenHome {
  readonly reading: Reading & Pick<StateStores, "audit">;
  readonly stores: StateStores;
  /** To change records with. */
  readonly engine: Engine;
  /** What the environment has been told of its DAGs; undefined for a home. */
  readonly environment: DeployedSettings | undefined;
  /** Tells who schedules here that something has changed; who goes on with it, undefined if nobody runs. */
  readonly heardBy: (changed: TimerTarget) => Promise<string | undefined>;
}
