/** A step of a pool: load, decide, commit, deliver; again from the start if somebody else wrote meanwhile. */
import type { PoolId } from "../../core/ids.ts";
import { decidePool, newPool } from "../../core/pool/decide.ts";
import type { Pool, PoolEvent } from "../../core/pool/record.ts";
import { committed, untilCommitted, type Step } from "../commit.ts";
import { deliverPool } from "../deliver/pool.ts";
import type { Engine } from "../engine.ts";
import { inTurn, type PoolTelling } from "../turns.ts";
import { prepared, type Hand } from "../hand.ts";

export interface PoolStepOptions {
  /** With how many slots a pool that is not there is made. */
  readonly declared?: number;
  readonly hand?: Hand<Pool>;
}

export const stepPool = (
  engine: Engine,
  id: PoolId,
  events: readonly PoolEvent[],
  { declared, hand }: PoolStepOptions = {},
): Promise<Step<Pool>> =>
  hand === undefined
    ? inTurn(engine, id, { events, ...(declared === undefined ? {} : { declared }) }, (telling) =>
        stepPoolNow(engine, id, telling),
      )
    : stepPoolNow(engine, id, { events }, hand);

async function stepPoolNow(
  engine: Engine,
  id: PoolId,
  { events, declared }: PoolTelling,
  hand?: Hand<Pool>,
): Promise<Step<Pool>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<Pool> | "stale"> => {
    const stored = await engine.pools.load(id);
    if (stored === undefined && declared === undefined) return { record: undefined, answers: [] };
    const found = stored?.value ?? newPool(id, declared ?? 0);
    const before = await prepared(found, hand);
    const { pool, commands, changed } = decidePool(before, events, engine.clock.now());
    if (stored === undefined) {
      if ((await engine.pools.create(pool, commitId)) !== "created") return "stale";
    } else if (changed) {
      const audit = await hand?.audit(stored.value, pool);
      if (!(await committed(engine.pools.commit(stored, pool, commitId, audit)))) return "stale";
    }
    if (changed) engine.crashPoint("pool:committed");
    return { record: pool, answers: await deliverPool(engine, pool, commands) };
  };
  return untilCommitted(engine, commit, `pool '${id}'`);
}
