/**
 * A process: one invocation of a function, one slot of a worker, one command of an operator. All it does in the world goes
 * through `call`, where it can die, stand still, or be told that something failed. Once dead, nothing of it goes on.
 */
import type { CrashPoint } from "../app/crash-points.ts";
import { FreshetError } from "../core/errors.ts";
import type { VersionHash } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import type { Clock } from "../ports/clock.ts";
import type { DagVersion } from "../ports/dag-store.ts";
import type { CallFault, CallKind, Weather } from "./faults.ts";
import type { Kernel } from "./kernel.ts";
import type { Random } from "./random.ts";

/** A machine or warm container: what its processes share. */
export interface Host {
  readonly name: string;
  /** How far its clock is ahead of the truth. */
  skewMs: number;
  readonly versions: Map<VersionHash, DagVersion>;
}

export interface Process {
  readonly name: string;
  readonly host: Host;
  readonly clock: Clock;
  readonly crashPoint: CrashPoint;
  readonly alive: boolean;
  /** Performs `effect` somewhere else, a moment later; resolves with its result unless something befalls the call. */
  call<T>(kind: CallKind, effect: () => T): Promise<T>;
  /** Lets `ms` of the process's own life pass, then runs `then` if it still lives. Returns how to give it up. */
  later(ms: number, then: () => void): () => void;
  freeze(ms: number): void;
  kill(): void;
  /** Its body has returned: whatever it calls from now on was left floating. */
  end(): void;
}

export interface Surroundings {
  readonly kernel: Kernel;
  readonly random: Random;
  readonly faults: Weather;
  /** Told of a call that a process makes although its work has returned. */
  readonly floating: (process: string) => void;
}

/** Thrown at a crash point, so that nothing after it runs; the process is dead by then. */
class Killed extends Error {}

const SLOW_MS_MAX = 8_000;
const FREEZE_MS_MIN = 1_000;
const FREEZE_MS_MAX = 900_000;

/** Some wake up just as a lease of a minute ends. */
const freezeMs = (random: Random): number =>
  random.chance(0.3) ? random.integer(56_000, 63_000) : random.skewed(FREEZE_MS_MIN, FREEZE_MS_MAX);

const latencyMs = ({ random, faults }: Surroundings, slow: boolean): number =>
  random.skewed(faults.pace.callMs.min, slow ? SLOW_MS_MAX : faults.pace.callMs.max);

const never = <T>(): Promise<T> => new Promise<T>(() => {});
const unavailable = (what: string): FreshetError => new FreshetError("UNAVAILABLE", `${what}; try again later`);

export function createProcess(
  surroundings: Surroundings,
  host: Host,
  name: string,
  onDeath: () => void = () => {},
): Process {
  const { kernel, faults } = surroundings;
  let alive = true;
  let ended = false;
  let frozenUntil = 0;

  /** Goes on with the process, once it moves again, if it lives. */
  const resume = (go: () => void): void => {
    if (!alive) return;
    if (frozenUntil > kernel.now()) return kernel.schedule(frozenUntil, () => resume(go));
    go();
    kernel.settled();
  };

  const process: Process = {
    name,
    host,
    clock: clockOf(kernel, host, (ms, then) => process.later(ms, then)),
    crashPoint(point) {
      if (alive && !faults.crashesAt(point)) return;
      process.kill();
      throw new Killed(point);
    },
    get alive() {
      return alive;
    },
    call(kind, effect) {
      if (!alive) return never();
      if (ended) surroundings.floating(name);
      return call(surroundings, { process, resume, moves: () => Math.max(kernel.now(), frozenUntil) }, kind, effect);
    },
    later(ms, then) {
      let given = false;
      kernel.after(ms, () => {
        if (!given) resume(then);
      });
      return () => {
        given = true;
      };
    },
    freeze(ms) {
      frozenUntil = Math.max(frozenUntil, kernel.now() + ms);
    },
    kill() {
      if (!alive) return;
      alive = false;
      onDeath();
    },
    end() {
      ended = true;
    },
  };
  return process;
}

interface Caller {
  readonly process: Process;
  readonly resume: (go: () => void) => void;
  /** When it next moves. */
  readonly moves: () => number;
}

/** One call: it leaves, is performed if it arrives, and its reply is heard, unless something befalls it. */
function call<T>(surroundings: Surroundings, caller: Caller, kind: CallKind, effect: () => T): Promise<T> {
  const { kernel, random, faults } = surroundings;
  const { process } = caller;
  const fault = faults.ofCall(kind);
  if (fault === "compute:crash_before_call") {
    process.kill();
    return never();
  }
  const before = fault === "compute:freeze" && random.chance(0.5);
  // Slow is the way there, or the way back: then what was read is old when it is heard.
  const slowThere = fault === "db:slow" && random.chance(0.5);
  if (before) process.freeze(freezeMs(random));
  return new Promise((resolve, reject) => {
    const leave = caller.moves();
    kernel.schedule(leave + latencyMs(surroundings, slowThere), () => {
      // What was on its way when its sender died may arrive, or not.
      if (!process.alive && random.chance(0.5)) return;
      perform(surroundings, caller, before || slowThere ? undefined : fault, { effect, resolve, reject });
    });
  });
}

interface Call<T> {
  readonly effect: () => T;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function perform<T>(
  surroundings: Surroundings,
  { process, resume }: Caller,
  fault: CallFault | undefined,
  { effect, resolve, reject }: Call<T>,
): void {
  const settle = (outcome: Outcome<T>): void =>
    resume(() => ("value" in outcome ? resolve(outcome.value) : reject(outcome.error)));
  const refusal = REFUSALS[fault ?? ""];
  if (refusal !== undefined) return settle({ error: unavailable(refusal) });
  const result = attempt(effect);
  if (fault === "compute:crash_after_call") return process.kill();
  if (fault === "compute:freeze") process.freeze(freezeMs(surroundings.random));
  if (fault === "db:lost_reply" || fault === "queue:send_lost_reply") {
    return settle({ error: unavailable("no reply came in time") });
  }
  if (fault === "db:slow") return surroundings.kernel.after(latencyMs(surroundings, true), () => settle(result));
  if (fault === "db:retried_write") {
    // The second sending of the same call meets the first one's effect, and perhaps somebody's after it.
    return surroundings.kernel.after(latencyMs(surroundings, true), () => settle(attempt(effect)));
  }
  settle(result);
}

const REFUSALS: Readonly<Record<string, string>> = {
  "db:throttled": "the database is throttled",
  "db:failed_before_write": "the database could not be reached",
  "queue:send_failed": "the queue could not be reached",
  "bus:failed": "the bus could not be reached",
  "blob:failed": "the blob store could not be reached",
};

type Outcome<T> = { readonly value: T } | { readonly error: Error };

function attempt<T>(effect: () => T): Outcome<T> {
  try {
    return { value: effect() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function clockOf(kernel: Kernel, host: Host, later: Process["later"]): Clock {
  return {
    now: () => instant(Math.floor(kernel.now() + host.skewMs)),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const giveUp = later(ms, resolve);
        signal?.addEventListener(
          "abort",
          () => {
            giveUp();
            resolve();
          },
          { once: true },
        );
      }),
  };
}
