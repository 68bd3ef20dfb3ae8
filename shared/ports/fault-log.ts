import type { Instant } from "../core/time.ts";

/** A record that could not be decided (a newer schema, a decision that throws): a person has to look. */
export interface Fault {
  readonly kind: "run" | "dag" | "pool" | "backfill" | "message";
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly at: Instant;
}

/** Where faults become visible, and what the sweep passes over until they are looked at again. */
export interface FaultLog {
  record(fault: Fault): void;
  /** Whether the record failed so recently that another look would only fail again. */
  isKnown(kind: Fault["kind"], id: string, now: Instant): boolean;
  list(): readonly Fault[];
}
