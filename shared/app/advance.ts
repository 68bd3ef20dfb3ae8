/**
 * Advances records: load, decide, commit, deliver; then whatever the delivery answered, until it answers nothing. Every
 * record changes only here.
 */
import { decideBackfill } from "../core/backfill/decide.ts";
import type { Backfill, BackfillEvent } from "../core/backfill/record.ts";
import type { DagEvent, DagRecord } from "../core/dag-record.ts";
import { decideDag } from "../core/dag/decide.ts";
import type { RunMessage } from "../contract/messages.ts";
import { FreshetError } from "../core/errors.ts";
import type { RunEvent } from "../core/events.ts";
import type { BackfillId, DagId, PoolId, RunId } from "../core/ids.ts";
import type { AuditEntry } from "../core/operation.ts";
import { decidePool, newPool } from "../core/pool/decide.ts";
import type { Pool, PoolEvent } from "../core/pool/record.ts";
import type { Run } from "../core/run.ts";
import { advance } from "../core/run/advance.ts";
import { committed, untilCommitted, type Step } from "./commit.ts";
import { deliverBackfill } from "./deliver-backfill.ts";
import { deliverDag } from "./deliver-dag.ts";
import { deliverPool } from "./deliver-pool.ts";
import { deliverRun } from "./deliver-run.ts";
import { CONTENTION_DELAY_MS_MAX, CONTENTION_RETRIES_MAX, FOLLOW_UPS_MAX, type Engine } from "./engine.ts";
import type { Addressed } from "./addressed.ts";
import { inTurn, type PoolTelling } from "./turns.ts";

/** The run after the events, as stored; undefined if there is none. Throws CONTENTION if it kept changing. */
export async function advanceRun(engine: Engine, id: RunId, events: readonly RunEvent[]): Promise<Run | undefined> {
  const first = await stepRun(engine, id, events);
  await followUp(engine, first.answers);
  return first.record;
}

/** The DAG after the events, as stored; undefined if there is none. Throws CONTENTION if it kept changing. */
export async function advanceDag(
  engine: Engine,
  id: DagId,
  events: readonly DagEvent[],
): Promise<DagRecord | undefined> {
  const first = await stepDag(engine, id, events);
  await followUp(engine, first.answers);
  return first.record;
}

/** The pool after the events, as stored; undefined if there is none and none is `declared`. Throws CONTENTION if it kept changing. */
export async function advancePool(
  engine: Engine,
  id: PoolId,
  events: readonly PoolEvent[],
  declared?: number,
): Promise<Pool | undefined> {
  const first = await stepPool(engine, id, events, declared === undefined ? {} : { declared });
  await followUp(engine, first.answers);
  return first.record;
}

/** The backfill after the events, as stored; undefined if there is none. `hand`: whose act it is. Throws CONTENTION if it kept changing. */
export async function advanceBackfill(
  engine: Engine,
  id: BackfillId,
  events: readonly BackfillEvent[],
  hand?: Pick<Hand<Backfill>, "audit">,
): Promise<Backfill | undefined> {
  const first = await stepBackfill(engine, id, events, hand);
  await followUp(engine, first.answers);
  return first.record;
}

/** What an operator's change needs besides its events. */
export interface Hand<Record> {
  /** The record as it is to be changed; throws FreshetError if the change makes no sense for it. */
  readonly prepare: (read: Record) => Promise<Record>;
  /** What is stored with the change. */
  readonly audit: (before: Record, after: Record) => Promise<AuditEntry>;
}

/** As `advanceRun`, by an operator's hand: with an audit entry in the same transaction. */
export async function changeRun(
  engine: Engine,
  id: RunId,
  events: readonly RunEvent[],
  hand: Hand<Run>,
): Promise<Run | undefined> {
  const first = await stepRun(engine, id, events, hand);
  await followUp(engine, first.answers);
  return first.record;
}

/** As `advanceDag`, by an operator's hand. */
export async function changeDag(
  engine: Engine,
  id: DagId,
  events: readonly DagEvent[],
  hand: Hand<DagRecord>,
): Promise<DagRecord | undefined> {
  const first = await stepDag(engine, id, events, hand);
  await followUp(engine, first.answers);
  return first.record;
}

/** As `advancePool`, by an operator's hand. */
export async function changePool(
  engine: Engine,
  id: PoolId,
  events: readonly PoolEvent[],
  hand: Hand<Pool>,
): Promise<Pool | undefined> {
  const first = await stepPool(engine, id, events, { hand });
  await followUp(engine, first.answers);
  return first.record;
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
      for (const { onApplied, ifMissing } of group) {
        const reply = step.record === undefined ? ifMissing : onApplied;
        if (reply !== undefined) next.push(reply);
      }
    }
    open = next;
  }
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

async function stepGroup(engine: Engine, group: readonly Addressed[]): Promise<Step<AnyRecord>> {
  const runEvents = group.flatMap((item) => (item.kind === "run" ? [item] : []));
  const [run] = runEvents;
  if (run !== undefined)
    return stepRun(
      engine,
      run.id,
      runEvents.map((item) => item.event),
    );
  const poolEvents = group.flatMap((item) => (item.kind === "pool" ? [item] : []));
  const [pool] = poolEvents;
  if (pool !== undefined) {
    const events = poolEvents.map((item) => item.event);
    const declared = poolEvents.find((item) => item.declared !== undefined)?.declared;
    return stepPool(engine, pool.id, events, declared === undefined ? {} : { declared });
  }
  const backfillEvents = group.flatMap((item) => (item.kind === "backfill" ? [item] : []));
  const [backfill] = backfillEvents;
  if (backfill !== undefined)
    return stepBackfill(
      engine,
      backfill.id,
      backfillEvents.map((item) => item.event),
    );
  const dagEvents = group.flatMap((item) => (item.kind === "dag" ? [item] : []));
  const [dag] = dagEvents;
  return dag === undefined
    ? { record: undefined, answers: [] }
    : stepDag(
        engine,
        dag.id,
        dagEvents.map((item) => item.event),
      );
}

async function stepRun(engine: Engine, id: RunId, events: readonly RunEvent[], hand?: Hand<Run>): Promise<Step<Run>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<Run> | "stale"> => {
    const stored = await engine.runs.load(id);
    if (stored === undefined) return { record: undefined, answers: [] };
    engine.crashPoint("run:loaded");
    const before = hand === undefined ? stored.value : await hand.prepare(stored.value);
    const version = await engine.versions(before.version);
    const { run, commands, changed } = advance(before, version.manifest, events, engine.clock.now());
    if (changed) {
      const audit = await hand?.audit(stored.value, run);
      const committing = engine.runs.commit(stored, run, commitId, audit);
      engine.claimAlong?.(
        commands.flatMap((command) => (command.type === "dispatch" ? [command.key] : [])),
        commitId,
      );
      if (!(await committed(committing))) return "stale";
      engine.crashPoint(hand === undefined ? "run:committed" : "run:operated");
    }
    return { record: run, answers: await deliverRun(engine, run, version, commands) };
  };
  return untilCommitted(engine, commit, `run '${id}'`);
}

async function stepDag(
  engine: Engine,
  id: DagId,
  events: readonly DagEvent[],
  hand?: Hand<DagRecord>,
): Promise<Step<DagRecord>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<DagRecord> | "stale"> => {
    const stored = await engine.dags.load(id);
    if (stored === undefined) return { record: undefined, answers: [] };
    const version = await engine.versions(versionAfter(stored.value, events));
    const known = await withOldSchedule(engine, stored.value, events);
    const before = hand === undefined ? stored.value : await hand.prepare(stored.value);
    const { dag, commands, changed } = decideDag(before, version.manifest, known, engine.clock.now());
    const audit = changed ? await hand?.audit(stored.value, dag) : undefined;
    if (changed && !(await committed(engine.dags.commit(stored, dag, commitId, audit)))) return "stale";
    if (changed) engine.crashPoint("dag:committed");
    return { record: dag, answers: await deliverDag(engine, dag, version, commands) };
  };
  return untilCommitted(engine, commit, `dag '${id}'`);
}

const stepPool = (
  engine: Engine,
  id: PoolId,
  events: readonly PoolEvent[],
  { declared, hand }: { readonly declared?: number; readonly hand?: Hand<Pool> } = {},
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
    const before = hand === undefined ? found : await hand.prepare(found);
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

async function stepBackfill(
  engine: Engine,
  id: BackfillId,
  events: readonly BackfillEvent[],
  hand?: Pick<Hand<Backfill>, "audit">,
): Promise<Step<Backfill>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<Backfill> | "stale"> => {
    const stored = await engine.backfills.load(id);
    if (stored === undefined) return { record: undefined, answers: [] };
    const { schedule } = (await engine.versions(stored.value.plan.version)).manifest;
    if (schedule === null) throw new FreshetError("BACKFILL_REFUSED", `backfill '${id}' has no schedule to go by`);
    const { backfill, commands, changed } = decideBackfill(stored.value, schedule, events, engine.clock.now());
    const audit = changed ? await hand?.audit(stored.value, backfill) : undefined;
    if (changed && !(await committed(engine.backfills.commit(stored, backfill, commitId, audit)))) return "stale";
    if (changed) engine.crashPoint("backfill:committed");
    return { record: backfill, answers: await deliverBackfill(engine, backfill, commands) };
  };
  return untilCommitted(engine, commit, `backfill '${id}'`);
}

/** A registration is decided by what it brings: its own schedule, triggers and limits. */
const versionAfter = (dag: DagRecord, events: readonly DagEvent[]): DagRecord["version"] =>
  events.findLast((event) => event.type === "registered")?.version ?? dag.version;

/** A registration goes on where the version before it left off. */
async function withOldSchedule(
  engine: Engine,
  { version }: DagRecord,
  events: readonly DagEvent[],
): Promise<readonly DagEvent[]> {
  if (!events.some((event) => event.type === "registered")) return events;
  const { schedule } = (await engine.versions(version)).manifest;
  return events.map((event) => (event.type === "registered" ? { ...event, before: schedule } : event));
}
