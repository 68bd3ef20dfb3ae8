/** Tells what becomes of runs: from the facts that the engine publishes, and from the records behind them. */
import { setTimeout as delay } from "node:timers/promises";
import { readRun, runView, taskViews, type RunReading } from "../../shared/app/views/runs.ts";
import type { Engine } from "../../shared/app/engine.ts";
import type { Fact } from "../../shared/core/events.ts";
import { UNMAPPED, type AttemptKey, type RunId } from "../../shared/core/ids.ts";
import { planOf } from "../../shared/core/plan.ts";
import { explainRun } from "../../shared/core/run/explain.ts";
import { stateOf } from "../../shared/core/run/draft.ts";
import { lastAttempt } from "../../shared/core/run/instances.ts";
import { isRunEnded, TASK_STATE } from "../../shared/core/states.ts";
import type { RunnerResult } from "../../shared/core/task-host.ts";
import { iso } from "../../shared/core/time.ts";
import type { Tell } from "./events.ts";

/** A failure is told once the run has decided what follows from it; it is waited for this long. */
const DECIDED_WITHIN_MS = 2_000;
const LOOK_MS = 20;
/** Runs that were at work before, which are followed to their end. */
const TAKEN_UP_MAX = 100;
/** How often runs at work are asked whether another process has ended them. */
const ENDED_LOOK_MS = 2_000;

export interface Narrator {
  onFact(fact: Fact): void;
  /** Tells of the runs that a scheduler before this one has left at work, and then of their ends. */
  takeUp(): void;
  onAttempt(key: AttemptKey, result: RunnerResult): void;
  /** Runs that ended since the start, and how. */
  ended(): ReadonlyMap<RunId, string>;
  /** Resolves once everything so far has been told. */
  told(): Promise<void>;
  /** From now on the records may go away under it, which is no fault. */
  close(): void;
}

/** `engine`: once there is one; what happens before is told after. */
export function createNarrator(engine: Promise<Engine>, tell: Tell): Narrator {
  const open = new Set<RunId>();
  const ended = new Map<RunId, string>();
  let last: Promise<void> = Promise.resolve();
  let closing = false;
  /** In order, and whatever goes wrong with one does not keep the next from being told. */
  const enqueue = (act: (engine: Engine) => Promise<void>): void => {
    last = last
      .then(async () => act(await engine))
      .catch((error: unknown) => {
        if (closing) return;
        const message = error instanceof Error ? error.message : String(error);
        tell({ type: "fault", id: "dev", code: "NARRATION", message });
      });
  };
  const tellEnd = async (reading: Engine, runId: RunId): Promise<void> => {
    if (!open.delete(runId) && ended.has(runId)) return;
    const read = await readRun(reading, runId);
    const { run, version } = read;
    ended.set(runId, run.state);
    const { owner, runbook } = version.manifest;
    const tasks = countsOf(taskViews(read).map(({ state }) => state));
    const why = explainRun(run, version.manifest, reading.clock.now());
    tell({ type: "run_ended", run: runView(run), tasks, why, owner, runbook });
  };
  const tellStart = async (reading: Engine, runId: RunId): Promise<void> => {
    const stored = await reading.runs.load(runId);
    if (stored === undefined) return;
    open.add(runId);
    const { files } = stored.value;
    const { timezone } = (await reading.versions(stored.value.version)).manifest;
    tell({
      type: "run_started",
      run: runView(stored.value),
      timezone,
      files: "blob" in files ? [] : files.map(({ key }) => key),
    });
  };
  const look = setInterval(() => {
    if (open.size > 0) enqueue(async (reading) => tellEndedElsewhere(reading, open, tellEnd));
  }, ENDED_LOOK_MS).unref();

  return {
    onFact(fact) {
      if (fact.type === "dag_paused") {
        const text = `dag '${fact.dagId}' is paused: ${fact.reason ?? ""}; \`freshet resume ${fact.dagId}\` lets it go on`;
        return enqueue(() => Promise.resolve(tell({ type: "note", text })));
      }
      if (fact.type === "run_deadline_missed") return enqueue((reading) => tellMiss(reading, tell, fact));
      enqueue(async (reading) =>
        fact.type === "run_started" ? tellStart(reading, fact.runId) : tellEnd(reading, fact.runId),
      );
    },
    takeUp: () => enqueue(async (reading) => takeUp(reading, tell, open, ended)),
    onAttempt(key, result) {
      // A mapped task tells for all of its instances, at its end.
      if (result.kind === "failed" && key.mapIndex === UNMAPPED)
        enqueue(async (reading) => tellFailure(reading, tell, key, result.error));
    },
    ended: () => ended,
    told: async () => last,
    close() {
      closing = true;
      clearInterval(look);
    },
  };
}

/** A run that has been told of already is none that somebody else began. */
async function takeUp(
  { runs }: Engine,
  tell: Tell,
  open: Set<RunId>,
  ended: ReadonlyMap<RunId, string>,
): Promise<void> {
  const working = await runs.list({ state: "running", limit: TAKEN_UP_MAX });
  const left = working.runs.filter(({ runId }) => !open.has(runId) && !ended.has(runId));
  for (const { runId } of left) open.add(runId);
  if (left.length > 0) tell({ type: "runs_go_on", runs: left.map(runView) });
}

function countsOf(states: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** The run may have gone on since: the fact knows how it stood. */
async function tellMiss(reading: Engine, tell: Tell, { runId, state, deadline }: Fact): Promise<void> {
  const stored = await reading.runs.load(runId);
  if (stored === undefined || deadline === undefined) return;
  const { name, at, waitsFor } = deadline;
  const tasks = waitsFor.map((task) => `'${task.taskId}' (${task.state})`);
  const run = { ...runView(stored.value), state };
  tell({ type: "run_deadline_missed", run, deadline: { name, at: iso(at) }, waitsFor: tasks });
}

/** A command beside us may have cancelled them. */
async function tellEndedElsewhere(
  engine: Engine,
  open: ReadonlySet<RunId>,
  tellEnd: (engine: Engine, runId: RunId) => Promise<void>,
): Promise<void> {
  for (const runId of Array.from(open)) {
    const stored = await engine.runs.load(runId);
    if (stored !== undefined && isRunEnded(stored.value.state)) await tellEnd(engine, runId);
  }
}

async function tellFailure(
  engine: Engine,
  tell: Tell,
  { runId, taskId, attempt }: AttemptKey,
  { name, message }: { readonly name: string; readonly message: string },
): Promise<void> {
  const reading = await decided(engine, runId, taskId, attempt);
  const { version, run } = reading;
  const plan = planOf(version.manifest);
  const slot = plan.slotOf.get(taskId) ?? 0;
  const view = taskViews(reading).find((task) => task.taskId === taskId);
  const state = view?.state ?? "failed";
  const due = state === "up_for_retry" ? run.tasks.details[slot]?.due : undefined;
  const spec = plan.tasks[slot]?.spec;
  const attemptsMax = spec === undefined ? attempt : lastAttempt(run.tasks, slot, spec);
  const retryAt = due === undefined ? null : iso(due);
  tell({ type: "attempt_failed", runId, taskId, attempt, attemptsMax, error: { name, message }, state, retryAt });
}

/** The run, once it has taken in how the attempt ended. */
async function decided(engine: Engine, runId: RunId, taskId: string, attempt: number): Promise<RunReading> {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const reading = await readRun(engine, runId);
    const slot = planOf(reading.version.manifest).slotOf.get(taskId) ?? 0;
    const { states, attempts } = reading.run.tasks;
    const current = attempts[slot] ?? 0;
    if (current > attempt || !TASK_STATE[stateOf({ states }, slot)].inFlight || waitedMs >= DECIDED_WITHIN_MS)
      return reading;
    await delay(LOOK_MS);
  }
}
