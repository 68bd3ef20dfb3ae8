/** Reads which objects arrive in a period. */
import type { ArrivalTriggerSpec, Manifest } from "../../core/manifest.ts";
import { didYouMean } from "../../core/problem.ts";
import { isWithin, readTime, type Complain, type Span } from "./checks.ts";
import type { SimulatedArrival } from "./options.ts";
import type { PlannedArrival } from "./period.ts";

export const readArrivals = (
  manifest: Manifest,
  arrivals: readonly SimulatedArrival[],
  span: Span | undefined,
  complain: Complain,
): readonly PlannedArrival[] =>
  arrivals.flatMap((arrival, index): PlannedArrival[] => {
    const time = readTime(manifest, "arrivals", arrival.at, complain);
    const trigger = triggerOf(manifest, arrival, complain);
    if (time === undefined || trigger === undefined || span === undefined) return [];
    if (!isWithin("arrivals", time.at, span, complain)) return [];
    const { bucket, prefix, suffix } = trigger;
    const key = arrival.key ?? `${prefix}simulated-${index + 1}${suffix}`;
    if (key.startsWith(prefix) && key.endsWith(suffix)) return [{ at: time.at, bucket, key }];
    complain("arrivals", `trigger '${trigger.triggerId}' does not take '${key}'; it takes '${prefix}*${suffix}'`);
    return [];
  });

function triggerOf(
  { dagId, triggers }: Manifest,
  arrival: SimulatedArrival,
  complain: Complain,
): ArrivalTriggerSpec | undefined {
  const known = triggers.map(({ triggerId }): string => triggerId);
  const [only, ...others] = triggers;
  if (only === undefined) complain("arrivals", `dag '${dagId}' has no trigger that waits for files`);
  else if (arrival.trigger === undefined) {
    if (others.length === 0) return only;
    complain("arrivals", `dag '${dagId}' has several triggers; say for which a file arrives: ${known.join(", ")}`);
  } else {
    const trigger = triggers.find(({ triggerId }) => triggerId === arrival.trigger);
    if (trigger !== undefined) return trigger;
    const there = didYouMean(arrival.trigger, known) || `; it has ${known.join(", ")}`;
    complain("arrivals", `dag '${dagId}' has no trigger '${arrival.trigger}'${there}`);
  }
  return undefined;
}
