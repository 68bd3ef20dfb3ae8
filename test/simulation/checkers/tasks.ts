/** Promises about task states: how they move, why a task starts, why it is passed over. */
import { TASK_STATE, type TaskState } from "../../../shared/core/states.ts";
import type { Run } from "../../../shared/core/run.ts";
import type { Manifest, TaskSpec } from "../../../shared/core/manifest.ts";
import { planOf } from "../../../shared/core/plan.ts";
import { SCHEDULER_SKEW_MS_MAX } from "../actors/consumer.ts";
import { isByHand, isRetryNow } from "./by-hand.ts";
import type { Checker } from "./checker.ts";
import { moveText, type Move } from "./move.ts";
import { graphOf } from "./graph.ts";
import { instanceStates, rowsOf, stateAt } from "./instances.ts";
import { mayBe, type Chosen, type States, type Verdict } from "./rules.ts";

/** A commit may take several steps; two are the most that one decision makes of a task. */
const reaches = (from: TaskState, to: TaskState): boolean =>
  TASK_STATE[from].next.includes(to) ||
  TASK_STATE[from].next.some((between) => !TASK_STATE[between].terminal && TASK_STATE[between].next.includes(to));

export const movesFollowTheGraph: Checker = {
  promise: "S2",
  says: "task states move along the declared graph",
  run(change, moves, _seen, expect) {
    // A hand reaches anywhere.
    if (isByHand(change)) return;
    const { after } = change;
    for (const move of moves) {
      // A hook is told again, under a new attempt, when there is something new to tell.
      if (move.from === move.to || (move.hook && TASK_STATE[move.from].terminal)) continue;
      // What was cleared begins afresh once its attempt has been closed.
      const from = move.detailBefore?.target?.to === "none" ? "none" : move.from;
      expect(from === move.to || reaches(from, move.to), () => moveText(after.runId, move));
    }
  },
};

export const terminalIsAbsorbing: Checker = {
  promise: "S2",
  says: "a task that has ended stays as it is, unless somebody clears or marks it",
  run(change, moves, _seen, expect) {
    if (isByHand(change)) return;
    const { after } = change;
    for (const move of moves) {
      if (!move.hook) expect(!TASK_STATE[move.from].terminal, () => moveText(after.runId, move));
    }
  },
};

export const statesOf = (run: Run, manifest: Manifest): States => {
  const { slotOf } = planOf(manifest);
  const state = (id: string): TaskState => stateAt(run, slotOf.get(id) ?? -1);
  const isPart = (id: string): boolean => run.tasks.details[slotOf.get(id) ?? -1]?.cause?.code !== "not_selected";
  const counted = (id: string): readonly TaskState[] => {
    // What was not asked for is waited for by nobody.
    if (!isPart(id)) return [];
    const map = graphOf(manifest).task(id)?.map ?? null;
    // Instances of a map that is to be made anew say nothing any more.
    const anew = run.tasks.details[slotOf.get(id) ?? -1]?.target?.to === "none";
    if (map?.tolerance !== null || anew) return [state(id)];
    // Chunks are about to hear of what was done by hand: what they told before holds no longer.
    if (rowsOf(run, manifest, id)?.chunks?.some(({ hands = [] }) => hands.length > 0) === true) return ["queued"];
    return instanceStates(run, manifest, id) ?? [state(id)];
  };
  return Object.assign(state, { counted });
};

export const chosenOf = (run: Run, manifest: Manifest): Chosen => {
  const { slotOf } = planOf(manifest);
  return (id) => run.tasks.details[slotOf.get(id) ?? -1]?.chosen;
};

const isEnding = (run: Run): boolean => run.cancel !== null || run.cause !== null;

/** Tasks that a commit moved, with their specs; hooks have no rule. */
const ruled = (manifest: Manifest, moves: readonly Move[]): { readonly move: Move; readonly spec: TaskSpec }[] =>
  moves.flatMap((move) => {
    const spec = graphOf(manifest).task(move.taskId);
    return spec === undefined ? [] : [{ move, spec }];
  });

export const startsWhenItsRuleHolds: Checker = {
  promise: "S5",
  says: "a task is dispatched only when its trigger rule holds",
  run({ after, manifest }, moves, _seen, expect) {
    for (const { move, spec } of ruled(manifest, moves)) {
      const starts = move.attempt > move.attemptBefore || move.to === "deferred" || move.to === "scheduled";
      if (move.from !== "none" || !starts) continue;
      const holds = mayBe("run", spec, graphOf(manifest), statesOf(after, manifest), chosenOf(after, manifest));
      expect(holds, () => `${moveText(after.runId, move)}: rule ${spec.rule} does not hold`);
    }
  },
};

export const nothingStartsInAnEndingRun: Checker = {
  promise: "S5",
  says: "nothing but teardowns is dispatched in a run that is cancelled or being ended",
  run({ before, after, manifest }, moves, _seen, expect) {
    if (before === undefined || !isEnding(before) || after.epoch > before.epoch) return;
    for (const { move, spec } of ruled(manifest, moves)) {
      if (move.attempt > move.attemptBefore) {
        expect(spec.role === "teardown", () => `${moveText(after.runId, move)} although the run is being ended`);
      } else if (move.to !== move.from) expect(true, () => "");
    }
  },
};

export const startsOnlyInARunningRun: Checker = {
  promise: "S5",
  says: "tasks are dispatched only in a run that its DAG has admitted",
  run({ after }, moves, _seen, expect) {
    for (const move of moves) {
      if (move.attempt === move.attemptBefore) continue;
      // A map whose cleared instances can run no more has ended, and says so, before the run is admitted again.
      if (move.hook && after.epoch > 0) continue;
      expect(
        after.startedAt !== null || isEnding(after),
        () => `${moveText(after.runId, move)} in a run that is queued`,
      );
    }
  },
};

export const retriesWaitForTheirTime: Checker = {
  promise: "S5",
  says: "a retry is dispatched only when its delay has passed",
  run(change, moves, _seen, expect) {
    const { after, at, audit } = change;
    if (isByHand(change) || isRetryNow(audit)) return;
    for (const move of moves) {
      if (move.from !== "up_for_retry" || move.attempt === move.attemptBefore) continue;
      const due = move.detailBefore?.due ?? 0;
      expect(due <= at + SCHEDULER_SKEW_MS_MAX, () => `${moveText(after.runId, move)} ${due - at} ms too early`);
    }
  },
};

export const passedOverOnlyByRule: Checker = {
  promise: "S6",
  says: "a task is skipped or upstream_failed by its rule only when the rule can no longer hold",
  run({ after, manifest }, moves, _seen, expect) {
    // A chunk knows nothing of what is above its task: its parent says what to do.
    if (after.origin.kind === "chunk") return;
    for (const { move, spec } of ruled(manifest, moves)) {
      const code = move.detail?.cause?.code;
      if (move.from !== "none" || (code !== "rule" && code !== "branch")) continue;
      if (move.to !== "skipped" && move.to !== "upstream_failed") continue;
      const holds = mayBe(move.to, spec, graphOf(manifest), statesOf(after, manifest), chosenOf(after, manifest));
      expect(holds, () => `${moveText(after.runId, move)} by rule ${spec.rule}, which leaves it open`);
    }
  },
};

export const everyEndHasItsCause: Checker = {
  promise: "S6",
  says: "a task that did not succeed says why",
  run({ after }, moves, _seen, expect) {
    for (const move of moves) {
      if (!["failed", "skipped", "upstream_failed"].includes(move.to)) continue;
      const cause = move.detail?.cause;
      expect(cause !== undefined, () => `${moveText(after.runId, move)} without a cause`);
      const ofRun = cause?.code === "cancelled" || cause?.code === "run_timeout" || cause?.code === "deadlock";
      expect(
        !ofRun || isEnding(after),
        () => `${moveText(after.runId, move)}: ${cause?.code}, but the run is not ending`,
      );
    }
  },
};

/** The order in which tasks ended must not show: of the final states alone the same follows. */
export const finalStatesFollowFromTheRules: Checker = {
  promise: "S6",
  says: "the final states are those that the rules give, whatever the order of events",
  run(change, _moves, { ledger }, expect) {
    const { after, manifest } = change;
    if (after.endedAt === null || isEnding(after) || after.state === "queued") return;
    // What is above the task of a chunk, only its parent knows.
    if (after.origin.kind === "chunk") return;
    const byHand = ledger.overturned.has(after.runId) || isByHand(change);
    const graph = graphOf(manifest);
    const states = statesOf(after, manifest);
    const { slotOf } = planOf(manifest);
    for (const spec of graph.tasks) {
      const slot = slotOf.get(spec.taskId) ?? -1;
      const ran = (after.tasks.attempts[slot] ?? 0) > 0 || cameToItsList(after, manifest, spec, slot);
      const state = states(spec.taskId);
      const code = after.tasks.details[slot]?.cause?.code;
      if (code === "not_selected") continue;
      // What ran before somebody changed things is not run again by itself: only what a rule passed over follows from all.
      if (byHand && code !== "rule" && code !== "branch") continue;
      const verdict: Verdict | undefined =
        ran && !byHand ? "run" : state === "skipped" || state === "upstream_failed" ? state : undefined;
      const follows = verdict !== undefined && mayBe(verdict, spec, graph, states, chosenOf(after, manifest));
      expect(follows, () => `${after.runId}: ${spec.taskId} (${spec.rule}) ended ${state}, ran: ${ran}`);
    }
  },
};

/** A mapped task whose rule held: it has instances, or there were none to make. */
function cameToItsList(run: Run, manifest: Manifest, spec: TaskSpec, slot: number): boolean {
  const code = run.tasks.details[slot]?.cause?.code;
  if (spec.map === null) return false;
  return instanceStates(run, manifest, spec.taskId) !== undefined || code === "empty_map" || code === "map_input";
}
