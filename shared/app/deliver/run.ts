/** Carries out what a decision on a run asked for, after its commit. */
import { UNCLAIMED, type Dispatch } from "../../core/attempt.ts";
import type { RunCommand } from "../../core/events.ts";
import type { RunId } from "../../core/ids.ts";
import { executorClassOf, type ExecutorClass } from "../../core/executor-class.ts";
import type { Run } from "../../core/run.ts";
import { pastAllows } from "../../core/run/past.ts";
import type { Instant } from "../../core/time.ts";
import { ATTEMPT_READ_MAX } from "../../ports/attempt-store.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { TIMER_HORIZON_MS } from "../../ports/timers.ts";
import { toDag, toPool, toRun, type Addressed } from "../addressed.ts";
import { inspectChild } from "./children.ts";
import { chunkContext, withChunkAttempts, withItems } from "./chunks.ts";
import type { Engine } from "../engine.ts";
import { contextOf } from "../attempt/run-context.ts";
import { tell } from "./tell.ts";

/** Dispatches go first, so that work begins; returns what the others answered. */
export async function deliverRun(
  engine: Engine,
  run: Run,
  version: DagVersion,
  commands: readonly RunCommand[],
): Promise<readonly Addressed[]> {
  const answers = [...(await sendDispatches(engine, run, version, commands))];
  const facts = commands.flatMap((command) => (command.type === "publish" ? [command.fact] : []));
  if (facts.length > 0) await engine.bus.publish(facts);
  for (const command of commands) {
    switch (command.type) {
      case "dispatch":
      case "publish":
        break;
      case "inspect":
        answers.push(...(await inspect(engine, run.runId, command.keys)));
        break;
      case "close":
        answers.push(await close(engine, command));
        break;
      case "inspect_past":
        answers.push(await inspectPast(engine, run, command));
        break;
      case "inspect_child":
        answers.push(await inspectChild(engine, run, command));
        break;
      case "timer":
        await armTimer(engine, run.runId, command.at);
        break;
      case "tell_queued":
        answers.push(toDag(command.dagId, { type: "run_queued", runId: run.runId, epoch: command.epoch }));
        break;
      case "leave_pool":
        answers.push(toPool(command.pool, { type: "final", runId: run.runId, epoch: command.epoch }));
        break;
      case "tell":
        answers.push(...(await tell(engine, run, version, command.effect)));
        break;
    }
  }
  return answers;
}

async function close(
  engine: Engine,
  { key, reason, lease }: Omit<Extract<RunCommand, { type: "close" }>, "type">,
): Promise<Addressed> {
  const at = engine.clock.now();
  const item = await engine.attempts.close(key, { reason, at, ...(lease === undefined ? {} : { lease }) });
  engine.crashPoint("run:closed-attempt");
  return toRun(key.runId, { type: "attempt_seen", key, item });
}

async function inspect(
  engine: Engine,
  id: RunId,
  keys: Extract<RunCommand, { type: "inspect" }>["keys"],
): Promise<Addressed[]> {
  const answers: Addressed[] = [];
  for (let first = 0; first < keys.length; first += ATTEMPT_READ_MAX) {
    const page = keys.slice(first, first + ATTEMPT_READ_MAX);
    const items = await engine.attempts.read(page);
    for (const [index, key] of page.entries()) {
      answers.push(toRun(id, { type: "attempt_seen", key, item: items[index] ?? null }));
    }
  }
  return answers;
}

/** Longer waits live in the due index; the tick arms them when their time is near. */
async function armTimer(engine: Engine, id: RunId, at: Instant): Promise<void> {
  const now = engine.clock.now();
  if (at - now <= TIMER_HORIZON_MS) await engine.timers.arm({ kind: "run", id }, at, now);
}

/** A run that is not there holds nobody back, unless it is still to come. */
async function inspectPast(
  engine: Engine,
  run: Run,
  command: Extract<RunCommand, { type: "inspect_past" }>,
): Promise<Addressed> {
  const { runId } = run;
  let previous = (await engine.runs.load(command.runId))?.value;
  if (previous === undefined) {
    if (await isToCome(engine, run, command.runId)) return toRun(runId, { type: "past_seen", tasks: [] });
    // It may have come, and gone on, since we looked.
    previous = (await engine.runs.load(command.runId))?.value;
  }
  const manifest = previous && (await engine.versions(previous.version)).manifest;
  const allowed = command.tasks.filter(
    ({ taskId, downstream }) => !previous || !manifest || pastAllows(previous, manifest, taskId, downstream),
  );
  return toRun(runId, { type: "past_seen", tasks: allowed.map(({ taskId }) => taskId) });
}

/** Who admits runs remembers them before they are put: of two that are put at once, the second may be there first. */
async function isToCome(engine: Engine, { dagId, heldBy }: Run, previous: RunId): Promise<boolean> {
  const admitted = (record: { readonly active: readonly { readonly runId: RunId }[] } | undefined): boolean =>
    record?.active.some(({ runId }) => runId === previous) === true;
  if (heldBy !== undefined && admitted((await engine.backfills.load(heldBy.backfillId))?.value)) return true;
  return admitted((await engine.dags.load(dagId))?.value);
}

type DispatchCommand = Extract<RunCommand, { type: "dispatch" }>;

async function sendDispatches(
  engine: Engine,
  run: Run,
  version: DagVersion,
  commands: readonly RunCommand[],
): Promise<readonly Addressed[]> {
  const wanted = commands.filter((command): command is DispatchCommand => command.type === "dispatch");
  if (wanted.length === 0) return [];
  const ofChunk = run.origin.kind === "chunk" ? await chunkContext(engine, run, version) : undefined;
  if (run.origin.kind === "chunk" && ofChunk === undefined) return [];
  const context = ofChunk?.context ?? contextOf(run, version);
  const dispatches =
    ofChunk === undefined
      ? await withChunkAttempts(engine, wanted)
      : wanted.map((command) => ({ ...command, upstream: ofChunk.upstream, item: ofChunk.item }));
  const complete = await withItems(engine, dispatches);
  const executors = executorsOf(version);
  const answers: Addressed[] = [];
  for (const [executor, group] of Map.groupBy(complete, ({ key }) => executors(key.taskId))) {
    const queue = engine.tasks(executor);
    // What the queue refuses is found again by the sweep: the run is due until somebody claims the attempt.
    await queue?.send(group.map((command) => dispatchOf(engine, context, command)));
    if (queue === undefined) answers.push(...(await giveUpUnsent(engine, group)));
  }
  engine.crashPoint("run:dispatched");
  return answers;
}

/** For which no executor is there: the last of them goes out a quarter of an hour after the first, unless there is one by then. */
const UNSENT_MAX = 6;

/** A deployment that takes an executor away may still fail and be taken back: until then its attempts wait. */
async function giveUpUnsent(engine: Engine, commands: readonly DispatchCommand[]): Promise<readonly Addressed[]> {
  const late = commands.filter(({ send }) => send >= UNSENT_MAX);
  return Promise.all(late.map(({ key }) => close(engine, { key, reason: "no_executor", lease: UNCLAIMED })));
}

/** A hook goes where its task goes, the run's own hooks where its first task goes. */
function executorsOf({ manifest }: DagVersion): (taskId: string) => ExecutorClass {
  const classes = new Map<string, ExecutorClass>(manifest.tasks.map((task) => [task.taskId, executorClassOf(task)]));
  const [first] = classes.values();
  return (taskId) => classes.get(taskId) ?? classes.get(taskId.split("$", 1)[0] ?? "") ?? first ?? "lambda";
}

function dispatchOf(engine: Engine, run: Dispatch["run"], command: DispatchCommand): Dispatch {
  const { type: _type, send: _send, ...attempt } = command;
  const token = engine.tokens.sign(command.key);
  const sentAt = engine.clock.now();
  return { v: 1, run, token, sentAt, ...attempt };
}
