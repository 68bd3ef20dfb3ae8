/**
 * The trigger rules as a table of letters, written from their specification and from nothing in the engine: what a task does
 * once everything upstream has ended. Which endings occurred is all that any rule asks for, so there are fifteen cases:
 * S success, K skipped, F failed, X upstream_failed. `r` runs, `k` is skipped, `u` is upstream_failed.
 */
import type { TriggerRule } from "../../shared/core/manifest.ts";

export const ENDINGS = ["success", "skipped", "failed", "upstream_failed"] as const;
export type Ending = (typeof ENDINGS)[number];
export type FinalVerdict = "run" | "skipped" | "upstream_failed";

const CASES = " S  K  F  X  SK SF SX KF KX FX SKF SKX SFX KFX SKFX";

// prettier-ignore
const TABLE: Readonly<Record<TriggerRule, string>> = {
  //                           S  K  F  X  SK SF SX KF KX FX SKF SKX SFX KFX SKFX
  all_success:                "r  k  u  u  k  u  u  u  u  u  u   u   u   u   u",
  all_failed:                 "k  k  r  r  k  k  k  k  k  r  k   k   k   k   k",
  all_done:                   "r  r  r  r  r  r  r  r  r  r  r   r   r   r   r",
  all_done_min_one_success:   "r  k  u  u  r  r  r  u  u  u  r   r   r   u   r",
  all_skipped:                "k  r  k  k  k  k  k  k  k  k  k   k   k   k   k",
  one_success:                "r  k  u  u  r  r  r  u  u  u  r   r   r   u   r",
  one_failed:                 "k  k  r  r  k  r  r  r  r  r  r   r   r   r   r",
  one_done:                   "r  k  r  k  r  r  r  r  k  r  r   r   r   r   r",
  none_failed:                "r  r  u  u  r  u  u  u  u  u  u   u   u   u   u",
  none_failed_min_one_success:"r  k  u  u  r  u  u  u  u  u  u   u   u   u   u",
  none_skipped:               "r  k  r  r  k  r  r  k  k  r  k   k   r   k   k",
  always:                     "r  r  r  r  r  r  r  r  r  r  r   r   r   r   r",
  all_done_setup_success:     "r  k  u  u  r  r  r  u  u  u  r   r   r   u   r",
};

const LETTER: Readonly<Record<Ending, string>> = { success: "S", skipped: "K", failed: "F", upstream_failed: "X" };
const VERDICT: Readonly<Record<string, FinalVerdict>> = { r: "run", k: "skipped", u: "upstream_failed" };

/** What the rule says once all of `endings` is known; nothing upstream: run. */
export function finalByTable(rule: TriggerRule, endings: readonly Ending[]): FinalVerdict {
  if (endings.length === 0) return "run";
  const name = ENDINGS.filter((ending) => endings.includes(ending))
    .map((ending) => LETTER[ending])
    .join("");
  const column = CASES.trim().split(/\s+/).indexOf(name);
  return VERDICT[TABLE[rule].split(/\s+/)[column] ?? ""] as FinalVerdict;
}

/** Rules that run only once everything upstream has ended, although that they will may be certain before ("D≥U"). */
export const RUNS_LAST: ReadonlySet<TriggerRule> = new Set([
  "all_done",
  "all_done_min_one_success",
  "none_skipped",
  "all_done_setup_success",
]);
