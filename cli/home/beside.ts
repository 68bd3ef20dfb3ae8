/** Changes records beside whatever schedules the home: commits, and leaves what follows to the one that is pinged. */
import { userInfo } from "node:os";
import type { Engine } from "../../shared/app/engine.ts";
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache } from "../../shared/app/engine.ts";
import { createClock, createIds } from "../../shared/embedded/clock.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import type { StateStores } from "./stores.ts";

/** Takes no message: what is refused is found again by the scheduler that is pinged, or by the next one's first look. */
const REFUSING = { send: async <Message>(messages: readonly Message[]) => ({ refused: messages }) };

export function engineBeside(stores: StateStores): Engine {
  const { runs, dags, pools, backfills, due, audit, attempts, inbox, blobs } = stores;
  return {
    runs,
    dags,
    pools,
    backfills,
    due,
    audit,
    attempts,
    inbox,
    blobs,
    events: REFUSING,
    tasks: () => REFUSING,
    timers: { arm: async () => undefined },
    bus: { publish: async () => undefined },
    faults: createFaultLog(() => undefined),
    clock: createClock(),
    ids: createIds(),
    // What it would sign, it does not send.
    tokens: { sign: () => "", verify: () => false },
    versions: createVersionCache(dags),
    crashPoint: noCrash,
  };
}

/** Who asks, as records name a person at this machine: as the environment says, else as the system does. */
export const operator = (env: Readonly<Record<string, string | undefined>>): string =>
  [env["USER"], env["USERNAME"]].find((name) => name !== undefined && name !== "") ?? systemUser();

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "somebody"; // A container may run as a number that has no name.
  }
}
