/** A step of a backfill: load, decide, commit, deliver; again from the start if somebody else wrote meanwhile. */
import { decideBackfill } from "../../core/backfill/decide.ts";
import type { Backfill, BackfillEvent } from "../../core/backfill/record.ts";
import { FreshetError } from "../../core/errors.ts";
import type { BackfillId } from "../../core/ids.ts";
import { committed, untilCommitted, type Step } from "../commit.ts";
import { deliverBackfill } from "../deliver/backfill.ts";
import type { Engine } from "../engine.ts";
import { prepared, type Hand } from "../hand.ts";

export async function stepBackfill(
  engine: Engine,
  id: BackfillId,
  events: readonly BackfillEvent[],
  hand?: Hand<Backfill>,
): Promise<Step<Backfill>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<Backfill> | "stale"> => {
    const stored = await engine.backfills.load(id);
    if (stored === undefined) return { record: undefined, answers: [] };
    const { schedule } = (await engine.versions(stored.value.plan.version)).manifest;
    if (schedule === null) throw new FreshetError("BACKFILL_REFUSED", `backfill '${id}' has no schedule to go by`);
    const before = await prepared(stored.value, hand);
    // What is gone from the source takes its dates up, and leaves them out.
    const isHeld = ((await engine.dags.load(before.plan.dagId))?.value.paused ?? null) !== null;
    const { backfill, commands, changed } = decideBackfill(before, schedule, events, engine.clock.now(), isHeld);
    const audit = changed ? await hand?.audit(stored.value, backfill) : undefined;
    if (changed && !(await committed(engine.backfills.commit(stored, backfill, commitId, audit)))) return "stale";
    if (changed) engine.crashPoint("backfill:committed");
    return { record: backfill, answers: await deliverBackfill(engine, backfill, commands) };
  };
  return untilCommitted(engine, commit, `backfill '${id}'`);
}
