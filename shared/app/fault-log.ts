/** Faults of this process: shown as they come, and passed over by the sweep for a while. */
import { plus } from "../core/time.ts";
import type { Fault, FaultLog } from "../ports/fault-log.ts";

/** A record that could not be decided is left alone this long. */
const FAULT_KNOWN_MS = 300_000;
/** Faults kept; the oldest go. */
const FAULTS_KEPT_MAX = 200;

export function createFaultLog(onFault: (fault: Fault) => void): FaultLog {
  const faults = new Map<string, Fault>();
  return {
    record(fault) {
      const name = `${fault.kind}#${fault.id}`;
      faults.delete(name);
      faults.set(name, fault);
      if (faults.size > FAULTS_KEPT_MAX) faults.delete(faults.keys().next().value as string);
      onFault(fault);
    },
    isKnown(kind, id, now) {
      const fault = faults.get(`${kind}#${id}`);
      return fault !== undefined && plus(fault.at, FAULT_KNOWN_MS) > now;
    },
    list: () => [...faults.values()],
  };
}
