/** What one can say of a simulated period. */
import type { JsonObject, JsonValue } from "../../core/json.ts";

/**
 * How an attempt ends. `fail` is a passing failure, tried again as the task's `retry` says; `permanent` and `quarantine` are
 * not; `timeout` runs until the task's timeout; `lost` loses its worker midway.
 */
export const OUTCOME_WORDS = ["success", "fail", "skip", "permanent", "quarantine", "timeout", "lost"] as const;
export type OutcomeWord = (typeof OUTCOME_WORDS)[number];

/** How an attempt ends, with what there is to say about it. */
export interface ScriptedAttempt {
  /** Default `"success"`. */
  readonly outcome?: OutcomeWord;
  /** The message of the failure, or the reason of the skip. */
  readonly message?: string;
  /** The name of the error, for tasks that are tried again by name. */
  readonly error?: string;
  /** What the task returns. No code reads it. */
  readonly output?: JsonValue;
  /** Of a branch: the direct children that run; without it, one of them by chance. */
  readonly choose?: readonly string[];
  /** Of a short circuit; default true. */
  readonly proceed?: boolean;
  /** How long it works: `"5m"`, or `"5m±2m"`. */
  readonly takes?: string;
}

export type SimulatedOutcome = OutcomeWord | ScriptedAttempt;

/** The attempt that is to be scripted. */
export interface AttemptToScript {
  readonly taskId: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** null: not mapped. */
  readonly mapIndex: number | null;
  readonly runId: string;
  /** ISO 8601; null: the run has none. */
  readonly logicalDate: string | null;
}

/**
 * Of one task: the same for every attempt; or a list, one for each attempt of a run; or a function. Attempts after the end of
 * the list, and those for which the function gives nothing, are drawn.
 */
export type TaskScript =
  SimulatedOutcome | readonly SimulatedOutcome[] | ((attempt: AttemptToScript) => SimulatedOutcome | undefined);

/** A date, a local time in the DAG's zone, or an instant: `"2026-03-01"`, `"2026-03-01T04:00"`, `"2026-03-01T04:00:00Z"`. */
type Moment = string;

/** An object that arrives. */
export interface SimulatedArrival {
  readonly at: Moment;
  /** The trigger that wants it; may be left out where the DAG has only one. */
  readonly trigger?: string;
  /** Default: a key that the trigger takes, another one for each arrival. */
  readonly key?: string;
}

export interface SimulateOptions {
  /** The first moment at which a run may fall due. */
  readonly from: Moment;
  /** Runs fall due before this; a date is the last day. Runs that have begun by then go on to their end. */
  readonly to: Moment;
  /** A whole number; the same one gives the same again. Default 1. */
  readonly seed?: number;
  /** By task: what its attempts do. */
  readonly outcomes?: { readonly [taskId: string]: TaskScript };
  /** By task, or `*` for all others: how likely an attempt is to fail, from 0 to 1. Default 0. */
  readonly fail?: { readonly [taskId: string]: number };
  /** By task, or `*` for all others: how long an attempt works. `"5m"`, or `"5m±2m"` for anything from 3 to 7 minutes. Default `"1m"`. */
  readonly durations?: { readonly [taskId: string]: string };
  /** How likely an attempt is to lose its worker midway, from 0 to 1. Default 0. */
  readonly lostWorker?: number;
  /** Runs that are started by hand. */
  readonly starts?: readonly Moment[];
  /** Objects that arrive, for the DAG's triggers. */
  readonly arrivals?: readonly SimulatedArrival[];
  /** By pool that the DAG uses: its slots, instead of those it is declared with. */
  readonly pools?: { readonly [pool: string]: number };
  /** By task that others are mapped over: the length of the list that it gives. Default 3. */
  readonly widths?: { readonly [taskId: string]: number };
  /** Of runs that are started by hand. */
  readonly params?: JsonObject;
}
