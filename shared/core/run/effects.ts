/**
 * What a run has to tell other records. An effect is recorded in the commit that causes it, keeps the run due until the
 * receiver has acknowledged it, and is told again at growing intervals. Its number names it in the acknowledgement, and tells
 * the receiver which of two tellings is the newer one.
 */
import { assertNever } from "../errors.ts";
import type { RunCommand } from "../events.ts";
import type { EffectBody, Run, RunEffect } from "../run.ts";
import { earliest, instant, type Instant } from "../time.ts";
import { setHead, type Draft } from "./draft.ts";

/** A run that waits for its DAG, or an effect that nobody acknowledged, is told again after this long at first ... */
export const TELL_AGAIN_AFTER_MS = 30_000;
/** ... and after half the time that it has waited later, up to this. */
export const TELL_AGAIN_AFTER_MS_MAX = 3_600_000;

/** When to tell again what has been waiting for an answer since `since`. */
export function tellAgainAt(since: Instant, now: Instant): Instant {
  const waitMs = Math.min(Math.max(TELL_AGAIN_AFTER_MS, (now - since) / 2), TELL_AGAIN_AFTER_MS_MAX);
  return instant(Math.round(now + waitMs));
}

/** Of two effects with the same subject the newer one says all there is to say: it takes the place of the older. */
function subjectOf(effect: EffectBody, epoch: number, { heldBy }: Pick<Run, "heldBy">): string {
  switch (effect.kind) {
    case "run_finished":
      // A backfill hears of its epoch alone; the DAG of no such.
      return heldBy?.epoch === epoch ? `${effect.kind}#${heldBy.backfillId}` : effect.kind;
    case "start_child":
    case "cancel_child":
      return `child#${effect.childId}`;
    case "child_report":
      // The parent waits for the end of one epoch: no later one takes its place.
      return `${effect.kind}#${epoch}`;
    case "chunk_order":
      return `${effect.kind}#${effect.expansion}#${effect.index}`;
    case "chunk_report":
      return effect.kind;
    case "pool_want":
    case "pool_final":
      return `pool#${effect.pool}`;
    default:
      return assertNever(effect);
  }
}

/** Records what another record must hear, and tells it once this decision is stored. */
export function recordEffect(draft: Draft, body: EffectBody): void {
  const { epoch, effects, effectsRecorded } = draft.head;
  const number = effectsRecorded + 1;
  const due = tellAgainAt(draft.now, draft.now);
  const effect: RunEffect = { ...body, number, epoch, since: draft.now, sends: 1, due };
  const subject = subjectOf(body, epoch, draft.head);
  const others = effects.filter((other) => subjectOf(other, other.epoch, draft.head) !== subject);
  setHead(draft, { effects: [...others, effect], effectsRecorded: number });
  draft.tellings.add(number);
}

/** Tells again what is due; with `all`, everything that nobody has acknowledged. */
export function tellAgain(draft: Draft, all: boolean): void {
  const { effects } = draft.head;
  // What this very decision recorded, or tells already, is on its way.
  const meant = (effect: RunEffect): boolean => (all || effect.due <= draft.now) && !draft.tellings.has(effect.number);
  const numbers = new Set(effects.filter(meant).map(({ number }) => number));
  if (numbers.size === 0) return;
  const told = effects.map((effect) =>
    numbers.has(effect.number)
      ? { ...effect, sends: effect.sends + 1, due: tellAgainAt(effect.since, draft.now) }
      : effect,
  );
  setHead(draft, { effects: told });
  for (const number of numbers) draft.tellings.add(number);
}

/** The receiver has applied the effect with this number, or no longer exists. */
export function acknowledgeEffect(draft: Draft, number: number): void {
  const done = draft.head.effects.find((effect) => effect.number === number);
  if (done === undefined) return;
  const effects = draft.head.effects.filter((effect) => effect !== done);
  setHead(draft, { effects });
  if (done.kind !== "cancel_child") return;
  for (const effect of effects) if (follows(effect, done)) draft.tellings.add(effect.number);
}

/** Whether `effect` starts a child run for the task instance whose earlier one `cancel` ends: first the one, then the other. */
const follows = (effect: RunEffect, cancel: RunEffect): boolean =>
  effect.kind === "start_child" &&
  cancel.kind === "cancel_child" &&
  effect.taskId === cancel.taskId &&
  effect.mapIndex === cancel.mapIndex;

/** When the first of the effects is told again. */
export const effectsDue = (effects: readonly RunEffect[]): Instant | undefined =>
  earliest(...effects.map(({ due }) => due));

/** What this decision tells: recorded by it or told again, not yet acknowledged, and with nothing to be told before it. */
export const tellCommands = ({ head, tellings }: Pick<Draft, "head" | "tellings">): RunCommand[] =>
  head.effects
    .filter((effect) => tellings.has(effect.number) && !head.effects.some((other) => follows(effect, other)))
    .map((effect) => ({ type: "tell", effect }));
