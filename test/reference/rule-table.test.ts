import { describe, expect, test } from "vitest";
import { TRIGGER_RULES, type TriggerRule } from "../../shared/core/manifest.ts";
import { decideRule, type Verdict } from "../../shared/core/trigger-rules.ts";
import { ENDINGS, RUNS_LAST, finalByTable, type Ending } from "./rule-table.ts";

const UPSTREAMS_MAX = 4;

const decide = (rule: TriggerRule, endings: readonly Ending[], pending: number): Verdict =>
  decideRule(
    rule,
    {
      success: endings.includes("success"),
      skipped: endings.includes("skipped"),
      failed: endings.includes("failed"),
      upstreamFailed: endings.includes("upstream_failed"),
    },
    pending,
  );

/** Every way in which `count` upstream tasks can end, one after the other. */
function sequences(count: number): readonly (readonly Ending[])[] {
  if (count === 0) return [[]];
  return sequences(count - 1).flatMap((before) => ENDINGS.map((ending) => [...before, ending]));
}

const upTo = (max: number): readonly (readonly Ending[])[] =>
  Array.from({ length: max + 1 }, (_, count) => sequences(count)).flat();

/** The verdict by brute force: try every way in which the pending ones could still end. */
function expectedVerdict(rule: TriggerRule, endings: readonly Ending[], pending: number): Verdict {
  if (rule === "always") return "run";
  const verdicts = new Set(sequences(pending).map((rest) => finalByTable(rule, [...endings, ...rest])));
  const [verdict] = verdicts;
  if (verdicts.size > 1 || verdict === undefined) return "wait";
  return verdict === "run" && pending > 0 && RUNS_LAST.has(rule) ? "wait" : verdict;
}

describe.each(TRIGGER_RULES)("%s", (rule) => {
  test("gives the verdict of the table once everything upstream has ended", () => {
    for (const endings of upTo(UPSTREAMS_MAX)) {
      expect(`${endings.join()}: ${decide(rule, endings, 0)}`).toBe(
        `${endings.join()}: ${finalByTable(rule, endings)}`,
      );
    }
  });

  test("is decided as soon as its verdict can no longer change, and not before", () => {
    for (const endings of upTo(UPSTREAMS_MAX)) {
      for (let pending = 0; pending <= UPSTREAMS_MAX - endings.length; pending++) {
        const told = (verdict: Verdict): string => `${endings.join()} and ${pending} pending: ${verdict}`;
        expect(told(decide(rule, endings, pending))).toBe(told(expectedVerdict(rule, endings, pending)));
      }
    }
  });

  test("keeps the first verdict that it gives, in whatever order its upstreams end", () => {
    for (const endings of sequences(UPSTREAMS_MAX)) {
      const verdicts = endings.map((_, done) => decide(rule, endings.slice(0, done), UPSTREAMS_MAX - done));
      const last = decide(rule, endings, 0);

      expect(new Set([...verdicts.filter((verdict) => verdict !== "wait"), last])).toEqual(new Set([last]));
    }
  });
});
