/** Promises about attempts: claims, fences, tries. */
import type { AttemptItem } from "../../../shared/core/attempt.ts";
import { attemptKeyText, type AttemptKey } from "../../../shared/core/ids.ts";
import type { TaskSpec } from "../../../shared/core/manifest.ts";
import type { Run } from "../../../shared/core/run.ts";
import { manifestOf } from "../../../shared/core/plan.ts";
import { LOSSES_MAX } from "../../../shared/core/retry.ts";
import { TASK_STATE } from "../../../shared/core/states.ts";
import type { RunChange } from "../../../shared/simulated/watch.ts";
import { SCHEDULER_SKEW_MS_MAX } from "../actors/consumer.ts";
import { isCleared } from "./by-hand.ts";
import type { Checker, Seen } from "./checker.ts";
import { baseOf, moveText, type Move } from "./move.ts";
import { graphOf } from "./graph.ts";
import { slotOfKey, UNMAPPED } from "./instances.ts";

export const isOver = (item: AttemptItem | undefined): boolean => item !== undefined && item.status !== "running";

const itemOf = ({ database }: Seen, run: Run, move: Move, attempt: number): AttemptItem | undefined =>
  database.attempts.get({ runId: run.runId, taskId: move.taskId, mapIndex: move.mapIndex, attempt } as AttemptKey);

export const oneLiveClaim: Checker = {
  promise: "S3",
  says: "at most one attempt of a task instance is claimed at a time",
  attempt({ key, before, after }, { database }, expect) {
    if (before !== undefined || after.status !== "running") return;
    for (const other of database.attempts.ofInstance(key)) {
      if (other.key.attempt === key.attempt) continue;
      expect(isOver(other.item), () => `${attemptKeyText(key)} was claimed while ${attemptKeyText(other.key)} is live`);
    }
    expect(true, () => "");
  },
};

export const noOldClaim: Checker = {
  promise: "S3",
  says: "no attempt is claimed once a newer one exists",
  attempt({ key, before, after }, { database }, expect) {
    if (before !== undefined || after.status !== "running") return;
    const current = currentAttempt(database.runs.rows.get(key.runId)?.value, key, { database });
    expect(current === key.attempt, () => `${attemptKeyText(key)} was claimed; the current attempt is ${current}`);
  },
};

function currentAttempt(run: Run | undefined, key: AttemptKey, { database }: Pick<Seen, "database">): number {
  if (run === undefined) return -1;
  return run.tasks.attempts[slotOfKey(run, manifestOf(run, database.manifest(run.version)), key)] ?? -1;
}

export const noOldCode: Checker = {
  promise: "S3",
  says: "no code of an attempt starts once a newer one exists",
  code({ dispatch: { key } }, { database }, expect) {
    const current = currentAttempt(database.runs.rows.get(key.runId)?.value, key, { database });
    expect(current === key.attempt, () => `${attemptKeyText(key)} starts its code; the current attempt is ${current}`);
  },
};

export const codeBeginsOnce: Checker = {
  promise: "S3",
  says: "the code of an attempt begins once",
  code({ dispatch: { key } }, { ledger }, expect) {
    const text = attemptKeyText(key);
    expect(!ledger.begun.has(text), () => `${text} starts its code again`);
    ledger.begun.add(text);
  },
};

export const itemsEndOnce: Checker = {
  promise: "S3",
  says: "an attempt that is over stays so",
  attempt({ key, before, after }, _seen, expect) {
    if (before === undefined) return;
    expect(before.status === "running", () => `${attemptKeyText(key)} went from ${before.status} to ${after.status}`);
  },
};

export const lostByItsLease: Checker = {
  promise: "S3",
  says: "a claim is closed as lost only when its lease has passed",
  attempt({ key, before, after, at }, _seen, expect) {
    if (before?.status !== "running" || after.status !== "closed") return;
    if (after.reason !== "lost" && after.reason !== "undelivered") return;
    const leftMs = before.leaseUntil - at;
    expect(leftMs <= SCHEDULER_SKEW_MS_MAX, () => `${attemptKeyText(key)} was closed ${leftMs} ms before its lease`);
  },
};

export const attemptsRise: Checker = {
  promise: "S3",
  says: "attempts rise, one by one",
  run({ after }, moves, _seen, expect) {
    for (const move of moves) {
      const step = move.attempt - move.attemptBefore;
      expect(step === 0 || step === 1, () => `${moveText(after.runId, move)}: it was attempt ${move.attemptBefore}`);
    }
  },
};

export const closedBeforeSuperseded: Checker = {
  promise: "S3",
  says: "an attempt is over before anything is committed in its place",
  run({ after }, moves, seen, expect) {
    for (const move of moves) {
      const next = move.attempt > move.attemptBefore;
      if (!TASK_STATE[move.from].inFlight || (TASK_STATE[move.to].inFlight && !next)) continue;
      const item = itemOf(seen, after, move, move.attemptBefore);
      expect(isOver(item), () => `${moveText(after.runId, move)} over an attempt that is ${item?.status ?? "absent"}`);
    }
  },
};

export const successIsTheAttemptsOwn: Checker = {
  promise: "S3",
  says: "a task succeeds only by the completion of its current attempt",
  run({ after, manifest }, moves, seen, expect) {
    for (const move of moves) {
      if (move.detail?.cause?.code === "marked") continue;
      if (move.to !== "success" || move.from === "success") continue;
      // A mapped task has no attempts: it succeeds by its instances. One that waits for a child run succeeds by that.
      if (move.from === "deferred" || isMapAsAWhole(graphOf(manifest).task(move.taskId), move)) continue;
      const item = itemOf(seen, after, move, move.attempt);
      const told = item?.status === "finished" && item.outcome.kind === "success";
      expect(told, () => `${moveText(after.runId, move)}, but the attempt is ${JSON.stringify(item)}`);
    }
  },
};

export const finishedCounts: Checker = {
  promise: "S3",
  says: "an attempt that succeeded is not tried again, unless somebody clears it",
  run(change, moves, seen, expect) {
    const { after, manifest } = change;
    for (const move of moves) {
      if (move.attempt <= move.attemptBefore || move.attemptBefore === 0 || move.hook) continue;
      if (clearsOf(seen, change, move).attempt >= move.attemptBefore) continue;
      // Its own part is only to start a run: whether that succeeded, and it may be tried again, is seen elsewhere.
      if (graphOf(manifest).task(move.taskId)?.child?.dagId !== undefined) continue;
      const item = itemOf(seen, after, move, move.attemptBefore);
      const succeeded = item?.status === "finished" && item.outcome.kind === "success";
      expect(!succeeded, () => `${moveText(after.runId, move)}, but attempt ${move.attemptBefore} succeeded`);
    }
  },
};

export const attemptsAreBounded: Checker = {
  promise: "S7",
  says: "attempts stay within the retries and the losses, anew with each clear",
  run(change, moves, seen, expect) {
    const { after, manifest } = change;
    for (const move of moves) {
      const spec = graphOf(manifest).task(move.taskId);
      if (spec === undefined || move.attempt === move.attemptBefore) continue;
      const tries = (spec.retry.retries + 1 + LOSSES_MAX) * (1 + clearsOf(seen, change, move).times);
      const most = tries + baseOf(after, move.slot);
      expect(move.attempt <= most, () => `${moveText(after.runId, move)}; at most ${most} are allowed`);
    }
  },
};

const isMapAsAWhole = (spec: TaskSpec | undefined, { mapIndex }: Move): boolean =>
  (spec?.map ?? null) !== null && mapIndex === UNMAPPED;

/**
 * How often the instance was cleared, this change included, and the attempt that it had come to by then. An instance of a map
 * that was made anew begins above all attempts before it.
 */
const clearsOf = (
  { ledger }: Seen,
  change: RunChange,
  move: Move,
): { readonly times: number; readonly attempt: number } => {
  const { after } = change;
  const { times, attempt } = ledger.clears.get(`${after.runId}#${move.name}`) ?? { times: 0, attempt: 0 };
  if (isCleared(change, move)) return { times: times + 1, attempt: move.attemptBefore };
  return { times, attempt: Math.max(attempt, baseOf(after, move.slot)) };
};

/** Tries that failed by the task's own doing since it was last cleared, as the attempt items tell. */
function failuresOf(seen: Seen, change: RunChange, move: Move, { child }: Pick<TaskSpec, "child">): number {
  const { after: run } = change;
  let failures = 0;
  for (let attempt = clearsOf(seen, change, move).attempt + 1; attempt <= move.attemptBefore; attempt++) {
    const item = itemOf(seen, run, move, attempt);
    const failed = item?.status === "finished" && item.outcome.kind === "failed" && item.outcome.error.class !== "lost";
    // It did its part, and is not what the task ended by: its child run failed.
    const childFailed = child !== null && item?.status === "finished" && item.outcome.kind === "success";
    if (failed || childFailed || (item?.status === "closed" && item.reason === "timeout")) failures += 1;
  }
  return failures;
}

export const lossesAreNoTries: Checker = {
  promise: "S7",
  says: "a lost worker does not use up the task's retries, nor does anything else add to them",
  run(change, moves, seen, expect) {
    const { after, manifest } = change;
    for (const move of moves) {
      const spec = graphOf(manifest).task(move.taskId);
      if (spec === undefined) continue;
      const code = move.detail?.cause?.code;
      if (move.to === "failed" && code === "retries_exhausted") {
        const failures = failuresOf(seen, change, move, spec);
        expect(failures > spec.retry.retries, () => `${moveText(after.runId, move)} after ${failures} failures`);
      }
      if (move.to === "up_for_retry" && code === "error") {
        const failures = failuresOf(seen, change, move, spec);
        expect(failures <= spec.retry.retries, () => `${moveText(after.runId, move)} after ${failures} failures`);
      }
    }
  },
};

export const retriesKeepTheirBudget: Checker = {
  promise: "S17",
  says: "no retry starts after the retry budget",
  run({ after, manifest, at }, moves, { ledger }, expect) {
    for (const move of moves) {
      const spec = graphOf(manifest).task(move.taskId);
      if (spec === undefined || spec.retry.budgetMs === null || move.to !== "up_for_retry") continue;
      if (move.detail?.cause?.code !== "error") continue;
      const first = ledger.firstFailures.get(`${after.runId}#${move.name}`) ?? at;
      const lateMs = (move.detail.due ?? 0) - first - spec.retry.budgetMs;
      expect(lateMs <= 2 * SCHEDULER_SKEW_MS_MAX, () => `${moveText(after.runId, move)} ${lateMs} ms after its budget`);
    }
  },
};

export const hardFailuresAreFinal: Checker = {
  promise: "S7",
  says: "what is not to be tried again is not",
  run({ after, manifest }, moves, seen, expect) {
    for (const move of moves) {
      const spec = graphOf(manifest).task(move.taskId);
      if (spec === undefined || move.to !== "up_for_retry") continue;
      const item = itemOf(seen, after, move, move.attemptBefore);
      if (item?.status !== "finished" || item.outcome.kind !== "failed") continue;
      const { class: failureClass, name } = item.outcome.error;
      const named = Array.isArray(spec.retry.on) && !spec.retry.on.includes(name);
      const final =
        failureClass !== "lost" &&
        (failureClass === "quarantine" || named || (!Array.isArray(spec.retry.on) && failureClass === "permanent"));
      expect(!final, () => `${moveText(after.runId, move)} although it failed with ${failureClass} ${name}`);
    }
  },
};
