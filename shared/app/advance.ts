/**
 * Advances records: a step (load, decide, commit, deliver), then whatever its delivery answered, until that answers nothing.
 * Every record changes only here. Each gives the record after the events, as stored, or undefined if there is none, and throws
 * CONTENTION if it kept changing. With a `hand` it is an operator's change: its audit entry is in the same transaction.
 */
import type { RunMessage } from "../contract/messages.ts";
import type { Backfill, BackfillEvent } from "../core/backfill/record.ts";
import type { DagEvent, DagRecord } from "../core/dag/record.ts";
import { FreshetError } from "../core/errors.ts";
import type { RunEvent } from "../core/events.ts";
import type { BackfillId, DagId, PoolId, RunId } from "../core/ids.ts";
import type { Pool, PoolEvent } from "../core/pool/record.ts";
import type { Run } from "../core/run.ts";
import type { Addressed } from "./addressed.ts";
import type { Step } from "./commit.ts";
import { CONTENTION_DELAY_MS_MAX, CONTENTION_RETRIES_MAX, FOLLOW_UPS_MAX, type Engine } from "./engine.ts";
import { stepBackfill } from "./step/backfill.ts";
import { stepDag } from "./step/dag.ts";
import type { Hand } from "./hand.ts";
import { stepPool, type PoolStepOptions } from "./step/pool.ts";
import { stepRun } from "./step/run.ts";

export const advanceRun = (
  engine: Engine,
  id: RunId,
  events: readonly RunEvent[],
  hand?: Hand<Run>,
): Promise<Run | undefined> => followed(engine, stepRun(engine, id, events, hand), hand);

export const advanceDag = (
  engine: Engine,
  id: DagId,
  events: readonly DagEvent[],
  hand?: Hand<DagRecord>,
): Promise<DagRecord | undefined> => followed(engine, stepDag(engine, id, events, hand), hand);

export const advancePool = (
  engine: Engine,
  id: PoolId,
  events: readonly PoolEvent[],
  options?: PoolStepOptions,
): Promise<Pool | undefined> => followed(engine, stepPool(engine, id, events, options), options?.hand);

export const advanceBackfill = (
  engine: Engine,
  id: BackfillId,
  events: readonly BackfillEvent[],
  hand?: Hand<Backfill>,
): Promise<Backfill | undefined> => followed(engine, stepBackfill(engine, id, events, hand), hand);

async function followed<Record>(
  engine: Engine,
  step: Promise<Step<Record>>,
  hand: Hand<Record> | undefined,
): Promise<Record | undefined> {
  const { record, answers } = await step;
  try {
    await followUp(engine, answers);
  } catch (error) {
    // An operator's change is stored: who is told to try again does it twice. What follows from it is found by the sweep.
    if (hand === undefined || !(error instanceof FreshetError) || error.code !== "CONTENTION") throw error;
  }
  return record;
}

/** Applies what the deliveries answered, each record's events together, and what those deliveries answer in turn. */
async function followUp(engine: Engine, answers: readonly Addressed[]): Promise<void> {
  let open = answers;
  for (let round = 0; open.length > 0 && round < FOLLOW_UPS_MAX; round++) {
    const next: Addressed[] = [];
    for (const group of Map.groupBy(open, ({ kind, id }) => `${kind}#${id}`).values()) {
      const step = await stepOrTellLater(engine, group);
      if (step === undefined) continue;
      next.push(...step.answers);
      if (group.some(({ onApplied }) => onApplied !== undefined)) engine.crashPoint("run:told-dag");
      if (group.some(({ sender }) => sender !== undefined && "poolId" in sender)) engine.crashPoint("pool:told-run");
      next.push(...(await repliesTo(group, step.record)));
    }
    open = next;
  }
}

async function repliesTo(group: readonly Addressed[], record: AnyRecord | undefined): Promise<readonly Addressed[]> {
  const replies: Addressed[] = [];
  for (const item of group) {
    const asked = item.kind === "run" && record !== undefined ? await item.afterwards?.(record as Run) : undefined;
    const reply = record === undefined ? item.ifMissing : (asked ?? item.onApplied);
    if (reply !== undefined) replies.push(reply);
  }
  return replies;
}

type AnyRecord = Run | DagRecord | Pool | Backfill;

/** undefined: the record kept changing under us, and those who tell it something tell it again a little later. */
async function stepOrTellLater(engine: Engine, group: readonly Addressed[]): Promise<Step<AnyRecord> | undefined> {
  try {
    return await stepGroup(engine, group);
  } catch (error) {
    const senders = group.flatMap(({ sender }) => (sender === undefined ? [] : [sender]));
    if (!(error instanceof FreshetError) || senders.length < group.length) throw error;
    if (error.code !== "CONTENTION") return passOver(engine, group, error);
    // Beyond this the sweep finds them, at growing intervals.
    const soon = senders.flatMap((sender) =>
      "runId" in sender && sender.sends > CONTENTION_RETRIES_MAX ? [] : [sender],
    );
    const wakes = new Map(
      soon.map((sender): [string, RunMessage] =>
        "runId" in sender
          ? [sender.runId, { type: "wake_run", v: 1, runId: sender.runId, tell: true }]
          : [sender.poolId, { type: "wake_pool", v: 1, poolId: sender.poolId, tell: true }],
      ),
    );
    const delayMs = Math.ceil(engine.ids.random() * CONTENTION_DELAY_MS_MAX);
    await engine.events.send([...wakes.values()], { delayMs });
    return undefined;
  }
}

/**
 * What cannot be decided must not keep those from going on who share a pool with it: it becomes a fault of its own. Throws
 * `error` again if it is another kind of trouble.
 */
function passOver(engine: Engine, group: readonly Addressed[], error: FreshetError): undefined {
  const [first] = group;
  const ofPool = group.every(({ kind, sender }) => kind === "pool" || (sender !== undefined && "poolId" in sender));
  if (first === undefined || error.retryable || !ofPool) throw error;
  const { kind, id } = first;
  engine.faults.record({ kind, id, code: error.code, message: error.message, at: engine.clock.now() });
  return undefined;
}

/** One record's events, which are all of one kind. */
function stepGroup(engine: Engine, group: readonly Addressed[]): Promise<Step<AnyRecord>> {
  const runs = group.filter((item) => item.kind === "run");
  if (runs[0] !== undefined) return stepRun(engine, runs[0].id, eventsOf(runs));
  const pools = group.filter((item) => item.kind === "pool");
  if (pools[0] !== undefined) {
    const declared = pools.find((item) => item.declared !== undefined)?.declared;
    return stepPool(engine, pools[0].id, eventsOf(pools), declared === undefined ? {} : { declared });
  }
  const backfills = group.filter((item) => item.kind === "backfill");
  if (backfills[0] !== undefined) return stepBackfill(engine, backfills[0].id, eventsOf(backfills));
  const dags = group.filter((item) => item.kind === "dag");
  if (dags[0] !== undefined) return stepDag(engine, dags[0].id, eventsOf(dags));
  return Promise.resolve({ record: undefined, answers: [] });
}

const eventsOf = <Event>(items: readonly { readonly event: Event }[]): readonly Event[] =>
  items.map((item) => item.event);
