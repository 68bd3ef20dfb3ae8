/** What operators do by hand in a world: they clear, mark, retry, pause; what they paused they resume by and by. */
import type { Random } from "../../../shared/simulated/random.ts";
import { BENT_MORE, type Bent } from "./bent.ts";
import type { Action, HandAction, PlannedAction } from "./plan.ts";

const MINUTE_MS = 60_000;
/** Some things are paused for longer than others wait. */
const PAUSED_MS_MAX = 90 * MINUTE_MS;
/** ... and DAGs for so long that several dates come due. */
const DAG_PAUSED_MS_MAX = 300 * MINUTE_MS;

/** The DAG is paused a while before, and goes on some time after. */
export function pausedAround(random: Random, at: number, dagId: string): readonly PlannedAction[] {
  const act = (what: HandAction): Action => ({ type: "hand", what, dagId, pick: 0, task: 0 });
  return [
    { at: at - random.skewed(1_000, DAG_PAUSED_MS_MAX), action: act("pause_dag") },
    { at: at + random.skewed(1_000, PAUSED_MS_MAX), action: act("resume_dag") },
  ];
}

const MOVES = ["move", "move_failed", "move_below", "move_all"] as const;

/** Somebody wants a run to go on with what was just deployed. */
export const movedAfter = (random: Random, at: number, dagId: string): PlannedAction => ({
  at: at + random.skewed(10_000, 40 * MINUTE_MS),
  action: { type: "hand", what: random.pick(MOVES), dagId, pick: random.next(), task: random.next() },
});

export function handActionsAt(random: Random, at: number, dagId: string, bent: Bent): readonly PlannedAction[] {
  const late = at + random.skewed(0, 30 * MINUTE_MS);
  const kind = random.weighted([
    [4, "clear_failed"],
    [4, "clear"],
    [1, "clear_all"],
    [3, "mark"],
    [1, "retry"],
    [2, "pause"],
    [2, "pause_task"],
    [2, "pause_dag"],
    [bent === "versions" ? BENT_MORE : 1, "move"],
  ] as const);
  const picks = { pick: random.next(), task: random.next() };
  const act = (what: HandAction): Action => ({ type: "hand", what, dagId, ...picks });
  const resumed = late + random.skewed(5_000, PAUSED_MS_MAX);
  switch (kind) {
    case "pause":
    case "pause_task":
      return [
        { at: late, action: act(kind) },
        { at: resumed, action: act("resume") },
      ];
    case "pause_dag":
      return [
        { at: late, action: act(kind) },
        { at: late + random.skewed(5_000, DAG_PAUSED_MS_MAX), action: act("resume_dag") },
      ];
    case "move":
      return [movedAfter(random, late, dagId)];
    case "mark":
      return [{ at: late, action: act(random.chance(0.6) ? "mark_success" : "mark_failed") }];
    case "clear":
      return [{ at: late, action: act(random.chance(0.5) ? "clear_below" : "clear") }];
    default:
      return [{ at: late, action: act(kind) }];
  }
}
