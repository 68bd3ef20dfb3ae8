/**
 * Advances records: load, decide, commit, deliver; then whatever the delivery answered, until it answers nothing. Every
 * record changes only here.
 */
import type { DagEvent, DagRecord } from "../core/dag-record.ts";
import { decideDag } from "../core/dag/decide.ts";
import { FreshetError } from "../core/errors.ts";
import type { RunEvent } from "../core/events.ts";
import type { DagId, RunId } from "../core/ids.ts";
import type { Run } from "../core/run.ts";
import { advance } from "../core/run/advance.ts";
import type { CommitResult } from "../ports/stored.ts";
import { deliverDag } from "./deliver-dag.ts";
import { deliverRun } from "./deliver-run.ts";
import {
  CONFLICT_DELAY_MS,
  CONFLICTS_MAX,
  CONTENTION_DELAY_MS_MAX,
  CONTENTION_RETRIES_MAX,
  FOLLOW_UPS_MAX,
  contention,
  type Engine,
} from "./engine.ts";
import type { Addressed } from "./addressed.ts";

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
      for (const { onApplied, ifMissing } of group) {
        const reply = step.record === undefined ? ifMissing : onApplied;
        if (reply !== undefined) next.push(reply);
      }
    }
    open = next;
  }
}

/** undefined: the record kept changing under us, and those who tell it something tell it again a little later. */
async function stepOrTellLater(
  engine: Engine,
  group: readonly Addressed[],
): Promise<Step<Run | DagRecord> | undefined> {
  try {
    return await stepGroup(engine, group);
  } catch (error) {
    const senders = group.flatMap(({ sender }) => (sender === undefined ? [] : [sender]));
    const contended = error instanceof FreshetError && error.code === "CONTENTION";
    if (!contended || senders.length < group.length) throw error;
    // Beyond this the sweep finds them, at growing intervals.
    const soon = senders.filter(({ sends }) => sends <= CONTENTION_RETRIES_MAX).map(({ runId }) => runId);
    const wakes = [...new Set(soon)].map((runId) => ({ type: "wake_run", v: 1, runId, tell: true }) as const);
    await engine.events.send(wakes, { delayMs: Math.ceil(engine.ids.random() * CONTENTION_DELAY_MS_MAX) });
    return undefined;
  }
}

interface Step<Record> {
  readonly record: Record | undefined;
  readonly answers: readonly Addressed[];
}

async function stepGroup(engine: Engine, group: readonly Addressed[]): Promise<Step<Run | DagRecord>> {
  const runEvents = group.flatMap((item) => (item.kind === "run" ? [item] : []));
  const [run] = runEvents;
  if (run !== undefined)
    return stepRun(
      engine,
      run.id,
      runEvents.map((item) => item.event),
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

async function stepRun(engine: Engine, id: RunId, events: readonly RunEvent[]): Promise<Step<Run>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<Run> | "stale"> => {
    const stored = await engine.runs.load(id);
    if (stored === undefined) return { record: undefined, answers: [] };
    engine.crashPoint("run:loaded");
    const version = await engine.versions(stored.value.version);
    const { run, commands, changed } = advance(stored.value, version.manifest, events, engine.clock.now());
    if (changed && !(await committed(engine.runs.commit(stored, run, commitId)))) return "stale";
    if (changed) engine.crashPoint("run:committed");
    return { record: run, answers: await deliverRun(engine, run, version, commands) };
  };
  return untilCommitted(engine, commit, `run '${id}'`);
}

async function stepDag(engine: Engine, id: DagId, events: readonly DagEvent[]): Promise<Step<DagRecord>> {
  const commitId = engine.ids.commitId();
  const commit = async (): Promise<Step<DagRecord> | "stale"> => {
    const stored = await engine.dags.load(id);
    if (stored === undefined) return { record: undefined, answers: [] };
    const version = await engine.versions(versionAfter(stored.value, events));
    const known = await withOldSchedule(engine, stored.value, events);
    const { dag, commands, changed } = decideDag(stored.value, version.manifest, known, engine.clock.now());
    if (changed && !(await committed(engine.dags.commit(stored, dag, commitId)))) return "stale";
    if (changed) engine.crashPoint("dag:committed");
    return { record: dag, answers: await deliverDag(engine, dag, version, commands) };
  };
  return untilCommitted(engine, commit, `dag '${id}'`);
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

/** Records are never deleted while they are decided on: one that is missing now is read again, and then is not there. */
const committed = async (result: Promise<CommitResult>): Promise<boolean> => (await result) === "committed";

async function untilCommitted<T>({ clock, ids }: Engine, commit: () => Promise<T | "stale">, what: string): Promise<T> {
  for (let conflict = 0; conflict < CONFLICTS_MAX; conflict++) {
    if (conflict > 0) await clock.sleep(Math.ceil(ids.random() * CONFLICT_DELAY_MS * 2 ** (conflict - 1)));
    const result = await commit();
    if (result !== "stale") return result;
  }
  throw contention(what);
}
