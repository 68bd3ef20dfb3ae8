/**
 * Trigger rules: what a task does, given how its upstream tasks ended.
 *
 * Each rule is one row of `FINAL`, its verdict once everything upstream is done. When a verdict may be given earlier follows
 * from it: as soon as no way in which the remaining upstreams could end would change it, and not before. So final states
 * never depend on the order in which tasks finish. The verdicts are those of Apache Airflow's `trigger_rule_dep.py`, except
 * that skipped upstreams do not count against `all_done_min_one_success`, as its documentation has it.
 */
import type { TriggerRule } from "./manifest.ts";
import { assertNever } from "./errors.ts";

export type Verdict = "run" | "wait" | "skipped" | "upstream_failed";
type FinalVerdict = Exclude<Verdict, "wait">;

/** Which endings occur among the upstream tasks that are done; how often does not matter to any rule. */
export interface Seen {
  readonly success: boolean;
  readonly skipped: boolean;
  readonly failed: boolean;
  readonly upstreamFailed: boolean;
}

/** The verdict once everything upstream is done; something is upstream. */
function finalVerdict(rule: TriggerRule, { success, skipped, failed, upstreamFailed }: Seen): FinalVerdict {
  const broken = failed || upstreamFailed;
  switch (rule) {
    case "all_success":
      return broken ? "upstream_failed" : skipped ? "skipped" : "run";
    case "all_failed":
      return success || skipped ? "skipped" : "run";
    case "all_done":
    case "always":
      return "run";
    case "all_done_min_one_success":
    case "one_success":
      return success ? "run" : broken ? "upstream_failed" : "skipped";
    case "all_skipped":
      return success || broken ? "skipped" : "run";
    case "one_failed":
      return broken ? "run" : "skipped";
    case "one_done":
      return success || failed ? "run" : "skipped";
    case "none_failed":
      return broken ? "upstream_failed" : "run";
    case "none_failed_min_one_success":
      return broken ? "upstream_failed" : success ? "run" : "skipped";
    case "none_skipped":
      return skipped ? "skipped" : "run";
    case "all_done_setup_success":
      // Only the setups count; the caller passes them alone and sees to it that the rest is done.
      return success ? "run" : broken ? "upstream_failed" : "skipped";
    default:
      return assertNever(rule);
  }
}

/** These run only once everything upstream is done, although their verdict may be certain before. */
const RUNS_WHEN_ALL_DONE: ReadonlySet<TriggerRule> = new Set([
  "all_done",
  "all_done_min_one_success",
  "all_done_setup_success",
]);

const ENDINGS = ["success", "skipped", "failed", "upstreamFailed"] as const;

/** `pending` upstream tasks are not done yet. Nothing upstream at all: run. */
export function decideRule(rule: TriggerRule, seen: Seen, pending: number): Verdict {
  if (pending === 0) return ENDINGS.some((ending) => seen[ending]) ? finalVerdict(rule, seen) : "run";
  // A verdict that no single further ending changes, several do not change either: so it is with each of the rules.
  const verdict = finalVerdict(rule, { ...seen, success: true });
  const isCertain = ENDINGS.every((ending) => finalVerdict(rule, { ...seen, [ending]: true }) === verdict);
  return isCertain && !RUNS_WHEN_ALL_DONE.has(rule) ? verdict : "wait";
}
