/** What may go wrong with the simulated ports and the processes that call them. Whoever simulates says how often it does. */
import type { CrashPointName } from "../app/crash-points.ts";

/** Of a call: what can befall it on its way there, while it is at work, and on its way back. */
export type CallFault =
  /** The database refuses the call; nothing is read or written. */
  | "db:throttled"
  /** The call is lost on its way there. */
  | "db:failed_before_write"
  /** The write happened; its reply never comes, and the caller is told that it failed. */
  | "db:lost_reply"
  /** The write happened, its reply was lost, and the client library sends it again by itself. */
  | "db:retried_write"
  | "db:slow"
  | "queue:send_failed"
  /** The queue has the messages, and the sender is told that it failed. */
  | "queue:send_lost_reply"
  | "bus:failed"
  | "blob:failed"
  | "compute:crash_before_call"
  | "compute:crash_after_call"
  /** A process stands still for a while, and then goes on as if nothing had been. */
  | "compute:freeze";

export type PortFault =
  /** Somebody else writes the record between the read and the commit. */
  | "db:contended"
  /** A renewal that was on its way arrives just before its claim is closed. */
  | "db:late_renewal"
  /** An index shows a record as it was a while ago. */
  | "db:stale_index"
  /** Some entries of a batch are refused. */
  | "queue:refused"
  | "timer:dropped"
  | "timer:doubled";

/** What kind of call it is: what can befall it. */
export type CallKind = "read" | "write" | "send" | "bus" | "blob";

export interface Weather {
  /** What befalls this call, if anything. */
  ofCall(kind: CallKind): CallFault | undefined;
  /** Whether this happens now. */
  strikes(name: PortFault): boolean;
  crashesAt(point: CrashPointName): boolean;
  /** How long things take when nothing befalls them. */
  readonly pace: Pace;
}

export interface Pace {
  /** A call and its reply. */
  readonly callMs: { readonly min: number; readonly max: number };
  /** How far an index is behind its table. */
  readonly indexLagMsMax: number;
  readonly timerLateMsMax: number;
  /** From telling code to stop, or the end of its time, to its end. */
  readonly killMsMax: number;
}

/** As in the cloud. */
export const CLOUD_PACE: Pace = {
  callMs: { min: 1, max: 30 },
  indexLagMsMax: 50,
  timerLateMsMax: 1_000,
  killMsMax: 5_000,
};

/** Nothing ever goes wrong, and nothing takes time but the tasks. */
export const CALM: Weather = {
  ofCall: () => undefined,
  strikes: () => false,
  crashesAt: () => false,
  pace: { callMs: { min: 0, max: 0 }, indexLagMsMax: 0, timerLateMsMax: 0, killMsMax: 0 },
};
