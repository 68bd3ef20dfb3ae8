/** What may go wrong, how often it does in a world, and how often it did. */
import { CRASH_POINTS, type CrashPointName } from "../../shared/app/crash-points.ts";
import { CLOUD_PACE, type CallFault, type CallKind, type Weather } from "../../shared/simulated/faults.ts";
import type { Random } from "../../shared/simulated/random.ts";
import type { Bent } from "./world/bent.ts";

/** Every class of fault. Over the suite's seeds each must have happened: one that never does shows nothing. */
export const FAULTS = [
  /** The database refuses the call; nothing is read or written. */
  "db:throttled",
  /** The call is lost on its way there. */
  "db:failed_before_write",
  /** The write happened; its reply never comes, and the caller is told that it failed. */
  "db:lost_reply",
  /** The write happened, its reply was lost, and the client library sends it again by itself. */
  "db:retried_write",
  "db:slow",
  /** Somebody else writes the record between the read and the commit. */
  "db:contended",
  /** A renewal that was on its way arrives just before its claim is closed. */
  "db:late_renewal",
  /** An index shows a record as it was a while ago. */
  "db:stale_index",
  "queue:dropped",
  "queue:duplicated",
  "queue:delayed",
  /** A later message was handed out before an earlier one. */
  "queue:reordered",
  /** Some entries of a batch are refused. */
  "queue:refused",
  "queue:send_failed",
  /** The queue has the messages, and the sender is told that it failed. */
  "queue:send_lost_reply",
  /** A message came again because its handler had not finished in time. */
  "queue:redelivered",
  /** Nobody has hands for the message: it is handed out, and comes back untouched, until it is given up. */
  "queue:starved",
  "queue:dead_letter",
  /** A completion whose token was made for another attempt. */
  "queue:forged_completion",
  "timer:dropped",
  "timer:doubled",
  "bus:failed",
  "blob:failed",
  "compute:crash_before_call",
  "compute:crash_after_call",
  "compute:crash_point",
  "compute:host_crash",
  /** For hours nothing of the scheduler runs. */
  "compute:outage",
  /** A process stands still for a while, and then goes on as if nothing had been. */
  "compute:freeze",
  /** ... for longer than its message, or the lease of its attempt, waited for it. */
  "compute:zombie",
  "compute:timeout",
  "compute:duplicate_invocation",
  "clock:skewed",
  "clock:jumped",
  "tick:missed",
  "tick:doubled",
  "bucket:told_twice",
  "bucket:told_late",
  "code:transient",
  "code:permanent",
  "code:quarantine",
  "code:skip",
  "code:slow",
  /** It never ends by itself, and its runner does not end it either. */
  "code:hang",
  /** Its process is gone, as the runner sees it. */
  "code:died",
  /** The executor goes down while the code runs. */
  "code:crash_midway",
  "code:large_output",
  "code:huge_output",
  "code:not_json",
  "code:invalid_branch",
  /** What tasks are mapped over is no list, has more items than they take, or two of the same key. */
  "code:no_list",
  "code:long_list",
  "code:same_keys",
] as const;
export type FaultName = (typeof FAULTS)[number];

const COMPUTE = ["compute:crash_before_call", "compute:crash_after_call", "compute:freeze"] as const;
const OF_CALL: Readonly<Record<CallKind, readonly CallFault[]>> = {
  read: ["db:throttled", "db:slow", ...COMPUTE],
  write: ["db:throttled", "db:failed_before_write", "db:lost_reply", "db:retried_write", "db:slow", ...COMPUTE],
  send: ["queue:send_failed", "queue:send_lost_reply", "db:slow", ...COMPUTE],
  bus: ["bus:failed", ...COMPUTE],
  blob: ["blob:failed", ...COMPUTE],
};

/** How often each happens where it can, in a world of middling weather. */
const USUAL: Readonly<Partial<Record<FaultName, number>>> = {
  "db:throttled": 0.01,
  "db:failed_before_write": 0.01,
  "db:lost_reply": 0.015,
  "db:retried_write": 0.03,
  "db:slow": 0.03,
  "db:contended": 0.1,
  "db:late_renewal": 0.1,
  "db:stale_index": 0.3,
  "queue:dropped": 0.03,
  "queue:duplicated": 0.06,
  "queue:delayed": 0.04,
  "queue:refused": 0.02,
  "queue:starved": 0.02,
  "queue:send_failed": 0.01,
  "queue:send_lost_reply": 0.01,
  "queue:forged_completion": 0.05,
  "timer:dropped": 0.1,
  "timer:doubled": 0.1,
  "bus:failed": 0.03,
  "blob:failed": 0.05,
  "compute:crash_before_call": 0.004,
  "compute:crash_after_call": 0.004,
  "compute:host_crash": 0.004,
  "compute:freeze": 0.006,
  "compute:duplicate_invocation": 0.03,
  "clock:skewed": 0.7,
  "clock:jumped": 0.02,
  "tick:missed": 0.1,
  "tick:doubled": 0.1,
  "bucket:told_twice": 0.3,
  "bucket:told_late": 0.1,
};

/** A world has one crash point at which it dies often; at the others it rarely does. */
const FOCUS_CRASH = 0.25;
/** ... where hardly a commit gets through, not so often: something must. */
const FOCUS_CRASH_CONTENDED = 0.05;
/** So contended a record is in too many hands for three tries in a row. */
const CONTENDED = 0.6;
const OTHER_CRASH = 0.004;

export interface Faults extends Weather {
  /** Whether this happens now; counted if it does. */
  strikes(name: FaultName): boolean;
  /** It happened. */
  count(name: FaultName): void;
  /** From now on nothing goes wrong; what has gone wrong stays so. */
  stop(): void;
  readonly active: boolean;
  readonly counts: ReadonlyMap<FaultName, number>;
  readonly crashPoints: ReadonlyMap<CrashPointName, number>;
}

export function createFaults(random: Random, bent: Bent): Faults {
  const rates = weather(random.fork("weather"), bent);
  const focus = random.pick(CRASH_POINTS);
  const crashes = random.chance(0.6);
  const counts = new Map<FaultName, number>();
  const crashPoints = new Map<CrashPointName, number>();
  const rate = (name: FaultName): number => rates.get(name) ?? 0;
  const focusCrash = rate("db:contended") >= CONTENDED ? FOCUS_CRASH_CONTENDED : FOCUS_CRASH;
  const odds = new Map(Object.entries(OF_CALL).map(([kind, names]) => [kind, names.map((name) => [rate(name), name])]));
  let active = true;
  const faults: Faults = {
    pace: CLOUD_PACE,
    ofCall(kind) {
      if (!active) return undefined;
      let rest = random.next();
      for (const [probability, name] of (odds.get(kind) ?? []) as [number, CallFault][]) {
        if ((rest -= probability) >= 0) continue;
        faults.count(name);
        return name;
      }
      return undefined;
    },
    strikes(name) {
      if (!active || !random.chance(rate(name))) return false;
      faults.count(name);
      return true;
    },
    crashesAt(point) {
      if (!active || !crashes || !random.chance(point === focus ? focusCrash : OTHER_CRASH)) return false;
      faults.count("compute:crash_point");
      crashPoints.set(point, (crashPoints.get(point) ?? 0) + 1);
      return true;
    },
    count: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    stop: () => {
      active = false;
    },
    get active() {
      return active;
    },
    counts,
    crashPoints,
  };
  return faults;
}

/** Some classes of fault are about, each more or less often; a few worlds have fine weather throughout. */
function weather(random: Random, bent: Bent): ReadonlyMap<FaultName, number> {
  if (random.chance(0.04)) return new Map();
  const about = random.pick([0.3, 0.6, 0.9]);
  const rates = new Map<FaultName, number>();
  for (const [name, usual] of Object.entries(USUAL) as [FaultName, number][]) {
    if (random.chance(about)) rates.set(name, Math.min(0.9, usual * random.pick([0.3, 1, 1, 3])));
  }
  // Now and then a record is in so many hands that three tries in a row are too few, or hardly a reply comes back.
  if (random.chance(bent === "children" ? 0.5 : 0.1)) rates.set("db:contended", CONTENDED);
  if (bent === "files") rates.set("db:slow", random.pick([0.03, 0.08]));
  if (random.chance(0.15)) rates.set("db:retried_write", 0.6);
  return rates;
}
