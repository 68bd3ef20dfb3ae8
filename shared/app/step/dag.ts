/** A step of a DAG's record: load, decide, commit, deliver; again from the start if somebody else wrote meanwhile. */
import type { DagEvent, DagRecord } from "../../core/dag/record.ts";
import { decideDag } from "../../core/dag/decide.ts";
import type { DagId } from "../../core/ids.ts";
import type { AuditEntry } from "../../core/operation.ts";
import { committed, untilCommitted, type Step } from "../commit.ts";
import { deliverDag } from "../deliver/dag.ts";
import type { Engine } from "../engine.ts";
import { prepared, type Hand } from "../hand.ts";

export async function stepDag(
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
    const before = await prepared(stored.value, hand);
    const { dag, commands, changed } = decideDag(before, version.manifest, known, engine.clock.now());
    const audit = changed ? await (hand?.audit(stored.value, dag) ?? pausedByItself(stored.value, dag)) : undefined;
    if (changed && !(await committed(engine.dags.commit(stored, dag, commitId, audit)))) return "stale";
    if (changed) engine.crashPoint("dag:committed");
    return { record: dag, answers: await deliverDag(engine, dag, version, commands) };
  };
  return untilCommitted(engine, commit, `dag '${id}'`);
}

/** Too many runs in a row have failed: who looks for it finds it where people's acts are kept. */
function pausedByItself({ paused }: DagRecord, { dagId, ...after }: DagRecord): AuditEntry | undefined {
  if (paused !== null || after.paused === null) return undefined;
  const states = { before: { paused: false }, after: { paused: true } };
  return { subject: { kind: "dag", id: dagId }, ...after.paused, action: "pause", ...states };
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
