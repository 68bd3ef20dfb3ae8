/** Promises about child runs, and about what runs tell each other. */
import { attemptKeyText, dagOfRun } from "../../../shared/core/ids.ts";
import type { Run, RunEffect } from "../../../shared/core/run.ts";
import { isRunEnded } from "../../../shared/core/states.ts";
import type { Checker, Seen } from "./checker.ts";
import { overturns } from "./by-hand.ts";
import { graphOf } from "./graph.ts";
import { moveText, type Move } from "./move.ts";

export const oneChildPerAttempt: Checker = {
  promise: "S1",
  says: "an attempt starts one child run, and only a run that says so starts any",
  run({ before, after }, _moves, { ledger }, expect) {
    if (before !== undefined || after.origin.kind !== "child") return;
    const parent = attemptKeyText(after.origin.parent);
    const known = ledger.children.get(parent);
    expect(known === undefined, () => `${parent} has started ${known} and ${after.runId}`);
    expect(ledger.asked.has(after.runId), () => `${after.runId} was put before ${parent} was known to start it`);
  },
};

export const oneChildAtATime: Checker = {
  promise: "S3",
  says: "the child run of a new try comes into being once the one before is over or cancelled",
  run({ before, after }, _moves, { database, ledger }, expect) {
    if (before !== undefined || after.origin.kind !== "child" || after.cancel !== null) return;
    const { parent } = after.origin;
    const starter = database.runs.rows.get(parent.runId)?.value;
    const spec = starter === undefined ? undefined : graphOf(database.manifest(starter.version)).task(parent.taskId);
    // A run that nobody waits for goes its own way, whatever becomes of the task that started it.
    if (spec?.child?.wait === false) return;
    for (let attempt = 1; attempt < parent.attempt; attempt++) {
      const earlier = ledger.children.get(attemptKeyText({ ...parent, attempt }));
      const run = earlier === undefined ? undefined : database.runs.rows.get(earlier)?.value;
      // One that somebody cleared after its end is at work for that person alone.
      const ended = run !== undefined && (isRunEnded(run.state) || ledger.firstEnds.has(run.runId));
      const over = run === undefined || ended || run.cancel !== null;
      expect(over, () => `${after.runId} was put while ${earlier}, of an earlier try, is at work`);
    }
  },
};

export const abandonedIsCancelled: Checker = {
  promise: "L7",
  says: "a child run that its task no longer waits for is told to end",
  run({ after }, moves, _seen, expect) {
    for (const move of moves) {
      const childId = move.detailBefore?.child;
      if (childId === undefined || move.detail?.child === childId || endedWithItsChild(move)) continue;
      const told = after.effects.some((effect) => effect.kind === "cancel_child" && effect.childId === childId);
      expect(told, () => `${moveText(after.runId, move)} without a word to ${childId}`);
    }
  },
};

function endedWithItsChild({ to, detail }: Move): boolean {
  const cause = detail?.cause;
  return (
    to === "success" ||
    cause?.code === "child_run" ||
    (cause !== undefined && "name" in cause && cause.name.startsWith("ChildRun"))
  );
}

export const endsAsItsChild: Checker = {
  promise: "S4",
  says: "a task that waits for its child run ends by the first end of that run, once",
  run({ after, manifest, audit }, moves, { database, ledger }, expect) {
    // Who clears or marks it does not wait for that.
    if (overturns(audit)) return;
    for (const move of moves) {
      const childId = move.detailBefore?.child;
      const child = graphOf(manifest).task(move.taskId)?.child;
      if (move.from !== "deferred" || childId === undefined || child === undefined || child === null) continue;
      const end = ledger.firstEnds.get(childId);
      const cause = move.detail?.cause;
      const text = (): string => `${moveText(after.runId, move)} (${cause?.text}); its child run ${childId} is ${end}`;
      const broken = end === "failed" || end === "cancelled";
      if (move.to === "success" && !child.wait) expect(database.runs.rows.has(childId), text);
      else if (move.to === "success") expect(end === "success" || (broken && child.onFailure === "ignore"), text);
      else if (cause?.code === "child_run") expect(broken && child.onFailure === "skip", text);
      else if (cause !== undefined && "name" in cause && cause.name === "ChildRunFailed")
        expect(end === "failed", text);
      else if (cause !== undefined && "name" in cause && cause.name === "ChildRunCancelled")
        expect(end === "cancelled", text);
    }
  },
};

export const toldUntilHeard: Checker = {
  promise: "S11",
  says: "what a run has to tell another one is dropped only once that has heard it",
  run({ before, after }, _moves, seen, expect) {
    for (const effect of before?.effects ?? []) {
      if (after.effects.some(({ number }) => number === effect.number)) continue;
      expect(isHeard(effect, after, seen), () => `${after.runId} no longer tells ${JSON.stringify(effect)}`);
    }
  },
};

function isHeard(effect: RunEffect, run: Run, { database, ledger }: Seen): boolean {
  const load = (id: string): Run | undefined => database.runs.rows.get(id as Run["runId"])?.value;
  switch (effect.kind) {
    case "start_child": {
      const waits = run.tasks.details.some((detail) => detail?.child === effect.childId);
      return !waits || load(effect.childId) !== undefined;
    }
    case "cancel_child": {
      const child = load(effect.childId);
      if (child === undefined) return effect.started || !database.dags.rows.has(dagOfRun(effect.childId));
      // It may have been brought back since.
      return isRunEnded(child.state) || child.cancel !== null || ledger.firstEnds.has(child.runId);
    }
    case "child_report": {
      const parent = run.origin.kind === "child" ? load(run.origin.parent.runId) : undefined;
      return effect.epoch > 0 || !parent?.tasks.details.some((detail) => detail?.child === run.runId);
    }
    default:
      return true;
  }
}
