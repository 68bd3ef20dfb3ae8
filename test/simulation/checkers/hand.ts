/** Promises about what operators do by hand. */
import type { Run } from "../../../shared/core/run.ts";
import { isRunEnded } from "../../../shared/core/states.ts";
import type { RunChange } from "../../../shared/simulated/watch.ts";
import type { Checker, Expect, Seen } from "./checker.ts";
import { isPaused, overturns } from "./by-hand.ts";
import { UNMAPPED } from "./instances.ts";
import { moveText } from "./move.ts";

export const nothingStartsWhilePaused: Checker = {
  promise: "S5",
  says: "nothing of a run or a task that is paused is dispatched",
  run({ before, after }, moves, _seen, expect) {
    if (before === undefined || after.pauses.length === 0) return;
    for (const move of moves) {
      if (move.hook || !isPaused(before, move.taskId) || !isPaused(after, move.taskId)) continue;
      expect(move.attempt === move.attemptBefore, () => `${moveText(after.runId, move)} although it is paused`);
    }
  },
};

export const pausedIsNotStuck: Checker = {
  promise: "S10",
  says: "a run of which something is paused is not ended as stuck",
  run({ before, after }, _moves, _seen, expect) {
    if (before === undefined || before.pauses.length === 0 || before.state !== "running") return;
    const stuck = before.cause === null && after.cause?.code === "deadlock";
    expect(!stuck, () => `${after.runId}: ${after.cause?.text}`);
  },
};

export const pausedAdmitsNothing: Checker = {
  promise: "S9",
  says: "a DAG that is paused admits nothing",
  dag({ before, after }, _seen, expect) {
    if (!before?.paused || after.paused === null) return;
    const known = new Set(before.active.map((run) => run.runId));
    const admitted = after.active.filter((run) => !known.has(run.runId));
    expect(admitted.length === 0, () => `${after.dagId} admitted ${admitted.map((run) => run.runId).join(", ")}`);
  },
};

export const reopenedAsAnotherEpoch: Checker = {
  promise: "S10",
  says: "a run that has ended goes on only by hand, as the next epoch, and waits for a place",
  run({ before, after, audit }, _moves, _seen, expect) {
    if (before === undefined || !isRunEnded(before.state) || isRunEnded(after.state)) return;
    // A chunk is at work as long as its map is.
    if (after.origin.kind === "chunk") return;
    // On the places of a backfill it waits for none.
    const starts = after.state === "queued" || (after.state === "running" && after.heldBy?.epoch === after.epoch);
    const holds = overturns(audit) && after.epoch === before.epoch + 1 && starts;
    expect(holds, () => `${after.runId} went on as ${after.state}, epoch ${before.epoch} to ${after.epoch}`);
  },
};

const held = ({ pauses }: Run): string => JSON.stringify(pauses.filter(({ taskId }) => taskId !== null));

export const actsAreWrittenDown: Checker = {
  promise: "S12",
  says: "what operators change is stored with who did it",
  run({ before, after, audit }, _moves, { database }, expect) {
    // Chunks do what their parent was asked for, whose change is written down.
    if (before === undefined || after.origin.kind === "chunk") return;
    const byHand =
      after.epoch !== before.epoch || after.pauses.length > before.pauses.length || held(before) !== held(after);
    if (!byHand) return;
    const entry = database.audits.get(`run#${after.runId}`)?.[0];
    const named = audit !== undefined && entry?.by === audit.by && entry.action === audit.action;
    // A cancel that comes from elsewhere lifts pauses too.
    expect(named || after.cancel !== null, () => `${after.runId} was changed by hand, and nothing says by whom`);
  },
};

/** An act that nobody heard of is no act: its entry says what came of it. */
export const actsSayWhatTheyDid: Checker = {
  promise: "S12",
  says: "an audit entry has the states before and after",
  run({ before, after, audit }, moves, _seen, expect) {
    if (before === undefined || audit === undefined) return;
    expect(
      audit.before.state === before.state && audit.after.state === after.state,
      () => `${after.runId}: ${JSON.stringify(audit)}`,
    );
    for (const move of moves) {
      if (move.hook || move.from === move.to) continue;
      // What happens to a task happens to its instances.
      if (move.mapIndex !== UNMAPPED && audit.before.tasks?.[move.taskId] !== undefined) continue;
      // What another version brings was not there.
      const was = audit.before.tasks?.[move.name];
      const said = (was === "absent" ? "none" : was) === move.from && audit.after.tasks?.[move.name] === move.to;
      expect(said, () => `${moveText(after.runId, move)}, but the entry says ${audit.after.tasks?.[move.name]}`);
    }
  },
};

/** A person who is told that it may not have come about asks again, as another command. */
export const actsAreDoneOnce: Checker = {
  promise: "S12",
  says: "what one command of an operator asks for is done once",
  run: ({ by, audit }, _moves, seen, expect) => isFirstAct({ by, audit }, seen, expect),
  dag: ({ by, audit }, seen, expect) => isFirstAct({ by, audit }, seen, expect),
};

function isFirstAct({ by, audit }: Pick<RunChange, "by" | "audit">, { ledger }: Seen, expect: Expect): void {
  if (audit === undefined) return;
  const act = `${by}: ${audit.action} ${audit.subject.id}`;
  expect(!ledger.acts.has(act), () => `${act} was done twice`);
  ledger.acts.add(act);
}
