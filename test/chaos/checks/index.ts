/** All that must hold after a storm. */
import type { Evidence } from "../evidence.ts";
import { arrivalChecks } from "./arrivals.ts";
import { attemptChecks } from "./attempts.ts";
import { runChecks } from "./runs.ts";
import { scheduleChecks } from "./schedules.ts";

/** What is wrong; nothing, if all is well. */
export const violations = (evidence: Evidence): readonly string[] => [
  ...evidence.storm.faults,
  ...faultsTold(evidence),
  ...evidence.left.map(({ pid, command }) => `process ${pid} was left behind: ${command}`),
  ...promises(evidence),
  ...runChecks(evidence),
  ...attemptChecks(evidence),
  ...arrivalChecks(evidence),
  ...scheduleChecks(evidence),
];

function faultsTold({ storm }: Evidence): readonly string[] {
  return storm.lives
    .flatMap((life) => life.events)
    .filter(({ type }) => type === "fault")
    .map(({ id, code, message }) => `a fault was told: ${code} ${id}: ${message}`);
}

/** What a command said would be is so. */
function* promises({ storm: { unrest }, runs }: Evidence): Generator<string> {
  const known = new Map<string, string>(runs.map(({ run }) => [run.runId, run.state]));
  yield* unrest.refused.map((text) => `a command failed: ${text}`);
  for (const id of unrest.triggered) if (!known.has(id)) yield `${id}: it was promised, and is not there`;
  for (const id of unrest.cancelled) {
    if (known.get(id) !== "cancelled") yield `${id}: its cancellation was promised, and it is ${known.get(id)}`;
  }
  for (const [key, ids] of unrest.keyed) {
    if (ids.size > 1) yield `key ${key} gave ${[...ids].join(" and ")}`;
  }
}
