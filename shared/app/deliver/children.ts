/** Child runs: put with an id that is derived from what started them, so that the same word twice is about the same run. */
import { FreshetError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import { attemptKeyText, dagOfRun, type AttemptKey } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ChildOf, Run, RunEffect } from "../../core/run.ts";
import { advance } from "../../core/run/advance.ts";
import { newRun } from "../../core/run/new-run.ts";
import { checkParams } from "../../contract/params.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { toDag, toRun, type Addressed, type Replies } from "../addressed.ts";
import { currentVersion } from "../current-version.ts";
import type { Engine } from "../engine.ts";

type Start = Extract<RunEffect, { kind: "start_child" }>;
type Cancel = Extract<RunEffect, { kind: "cancel_child" }>;

/** Puts the child run if there is none yet, tells its DAG that it waits, and its parent how it stands. */
export async function startChild(engine: Engine, parent: Run, effect: Start): Promise<readonly Addressed[]> {
  try {
    const child = await findOrPut(engine, parent, effect);
    const report = toRun(parent.runId, reportOf(child, effect));
    if (child.state !== "queued") return [report];
    const { runId, epoch } = child;
    const sender = { runId, sends: 1 };
    return [report, toDag(child.dagId, { type: "run_queued", runId, epoch }, { sender })];
  } catch (error) {
    if (!(error instanceof FreshetError) || !REFUSALS.has(error.code)) throw error;
    return [refusal(parent, effect, "ChildRunRefused", error.message)];
  }
}

/** What is wrong with what was asked for: asking again would not help. */
const REFUSALS: ReadonlySet<string> = new Set(["DAG_NOT_FOUND", "INVALID_PARAMS", "RUN_EXISTS"]);

async function findOrPut(engine: Engine, parent: Run, effect: Start): Promise<Run> {
  const there = await engine.runs.load(effect.childId);
  if (there !== undefined) return requireOurs(there.value, parent, effect);
  const version = await currentVersion(engine, dagOfRun(effect.childId));
  const params = await checkParams(version.manifest, await paramsOf(engine, keyOf(parent, effect)));
  const child = newChild(engine, parent, effect, version, params);
  const answer = await engine.runs.create(child, engine.ids.commitId());
  engine.crashPoint("child:put-run");
  return answer === "created" ? child : requireOurs(answer.value, parent, effect);
}

const keyOf = ({ runId }: Run, { taskId, mapIndex, attempt }: Start | Cancel): AttemptKey => ({
  runId,
  taskId,
  mapIndex,
  attempt,
});

/** A run of this id that somebody else started is not ours to wait for. */
function requireOurs(run: Run, parent: Run, effect: Start): Run {
  if (isOurs(run, parent, effect)) return run;
  throw new FreshetError("RUN_EXISTS", `run '${run.runId}' was started by something else`);
}

const isOurs = ({ origin }: Run, parent: Run, effect: Start | Cancel): boolean =>
  origin.kind === "child" && attemptKeyText(origin.parent) === attemptKeyText(keyOf(parent, effect));

/** What the attempt that asked for the child run wants it to be started with. */
async function paramsOf(engine: Engine, key: AttemptKey): Promise<JsonObject> {
  const [item] = await engine.attempts.read([key]);
  return item?.status === "finished" && item.outcome.kind === "success" ? (item.outcome.child?.params ?? {}) : {};
}

/** The child covers what its parent covers. */
function newChild(engine: Engine, parent: Run, effect: Start | Cancel, version: DagVersion, params: JsonObject): Run {
  return newRun({
    runId: effect.childId,
    version: version.version,
    manifest: version.manifest,
    runType: "event",
    origin: { kind: "child", parent: keyOf(parent, effect), parentEpoch: effect.epoch },
    dataInterval: parent.dataInterval,
    params,
    files: [],
    now: engine.clock.now(),
  });
}

/**
 * Cancels the child run. If it may not have come into being yet it does so now, and ends: whoever was to start it, and comes
 * late, then finds it.
 */
export async function cancelChild(
  engine: Engine,
  parent: Run,
  effect: Cancel,
  replies: Replies & { readonly onApplied: Addressed },
): Promise<Addressed> {
  const by = `run '${parent.runId}'`;
  const cancel: RunEvent = { type: "cancel", by, reason: `its task '${effect.taskId}' no longer waits for it` };
  const there = await engine.runs.load(effect.childId);
  if (there !== undefined || effect.started) {
    const ours = there === undefined || isOurs(there.value, parent, effect);
    return ours ? toRun(effect.childId, cancel, replies) : replies.onApplied;
  }
  const dag = await engine.dags.load(dagOfRun(effect.childId));
  // Without its DAG nobody can have started it.
  if (dag === undefined) return replies.onApplied;
  const version = await engine.versions(dag.value.version);
  const queued = newChild(engine, parent, effect, version, {});
  const { run, commands } = advance(queued, version.manifest, [cancel], engine.clock.now());
  const answer = await engine.runs.create(run, engine.ids.commitId());
  engine.crashPoint("child:put-run");
  if (answer !== "created") return toRun(effect.childId, cancel, replies);
  // What it has to tell it tells when it falls due: nobody waits for it.
  await engine.bus.publish(commands.flatMap((command) => (command.type === "publish" ? [command.fact] : [])));
  return replies.onApplied;
}

/** How the child run stands now, for a parent that has not heard of it for long. */
export async function inspectChild(engine: Engine, parent: Run, child: ChildOf): Promise<Addressed> {
  const there = await engine.runs.load(child.childId);
  if (there !== undefined) return toRun(parent.runId, reportOf(there.value, child));
  return refusal(parent, child, "ChildRunGone", `child run '${child.childId}' no longer exists`);
}

function reportOf({ epoch, state, degraded, cause }: Run, { childId, taskId, mapIndex }: ChildOf): RunEvent {
  const text = cause?.text ?? "";
  return { type: "child_report", childId, taskId, mapIndex, epoch, state, degraded, text };
}

function refusal(
  parent: Run,
  { childId, taskId, mapIndex }: ChildOf,
  name: Extract<RunEvent, { type: "child_refused" }>["name"],
  text: string,
): Addressed {
  return toRun(parent.runId, { type: "child_refused", childId, taskId, mapIndex, name, text });
}
