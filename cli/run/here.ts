/** Runs a DAG in this process: a scheduler of its own, for this run alone. */
import { advanceRun } from "../../shared/app/advance.ts";
import { cancelRun } from "../../shared/app/cancel-run.ts";
import type { Engine } from "../../shared/app/engine.ts";
import { register } from "../../shared/app/register.ts";
import { startRun, type StartRequest } from "../../shared/app/start-run.ts";
import type { RunReading } from "../../shared/app/views/runs.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import type { RunId } from "../../shared/core/ids.ts";
import type { Run } from "../../shared/core/run.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import { operator } from "../home/beside.ts";
import { sameAsWritten, versionsOf } from "../home/register-dags.ts";
import type { Scheduler } from "../home/scheduler.ts";
import type { LoadedDag } from "../load/result.ts";
import type { Place } from "../place.ts";
import { followRun } from "../follow/follow-run.ts";
import type { RunLines } from "../follow/run-lines.ts";
import type { RunInvocation } from "./given-run.ts";
import type { Interrupts } from "./interrupts.ts";

/** The DAG as this run gets it: registered, unless what is registered differs in its windows alone. */
export async function registerHere({ engine }: Scheduler, dag: LoadedDag, place: Place): Promise<void> {
  const { manifest } = dag;
  const known = await engine.dags.load(manifest.dagId);
  if (known !== undefined && !known.value.removed) {
    const current = await engine.versions(known.value.version);
    if (sameAsWritten(current.manifest, manifest)) return;
  }
  const { versions, problems } = await versionsOf([dag], { engine, ...place });
  if (versions.length === 0) {
    throw new FreshetError("INVALID_DAG", `dag '${manifest.dagId}' cannot be bundled`, { problems });
  }
  await register(engine, versions);
}

export interface Ended {
  readonly run: RunReading;
  readonly interrupted: boolean;
}

interface Watching {
  readonly invocation: RunInvocation;
  readonly lines: RunLines | undefined;
  readonly interrupts: Interrupts;
  /** Resolves when the run may have changed. */
  readonly nudge: () => Promise<void>;
}

/** Starts the run and sees it through. Ctrl-C cancels it, a second one leaves it as it is. */
export async function runHere(scheduler: Scheduler, request: StartRequest, watching: Watching): Promise<Ended> {
  const { engine, stores } = scheduler;
  const { invocation, lines, interrupts, nudge } = watching;
  const { runId } = await startRun(engine, request);
  const tend = createTending(engine, (text) => lines?.note(text));
  const onInterrupt = (): void => {
    lines?.note("cancelling the run; Ctrl-C again to leave it as it is");
    void cancelRun(engine, runId, operator(invocation.env), "interrupted").catch(() => undefined); // It has just ended.
  };
  interrupts.first.addEventListener("abort", onInterrupt, { once: true });
  const run = await followRun(runId, {
    reading: engine,
    logs: stores.logs,
    onStep: (step) => lines?.step(step),
    onLook: ({ run: now }) => void tend(now).catch(() => undefined), // What cannot be tended is a fault, and told as one.
    nudge,
    signal: interrupts.second,
  });
  interrupts.first.removeEventListener("abort", onInterrupt);
  return { run, interrupted: interrupts.first.aborted };
}

/**
 * Nothing else wakes the run: no clock runs in this process. Runs that an earlier process left, and that hold the place which
 * this one waits for, are taken up again.
 */
function createTending(engine: Engine, note: (text: string) => void): (run: Run) => Promise<void> {
  const taken = new Set<RunId>();
  const wake = async (run: Pick<Run, "runId" | "due">): Promise<void> => {
    if (run.due === null || run.due > engine.clock.now()) return;
    await engine.events.send([{ type: "wake_run", v: 1, runId: run.runId }]);
  };
  const tend = async (run: Run): Promise<void> => {
    await wake(run);
    for (const detail of run.tasks.details) {
      const child = detail?.child === undefined ? undefined : await engine.runs.load(detail.child);
      if (child !== undefined) await tend(child.value);
    }
    if (run.state !== "queued") return;
    const active = (await engine.dags.load(run.dagId))?.value.active ?? [];
    for (const { runId } of active) {
      if (runId === run.runId) continue;
      const before = await engine.runs.load(runId);
      if (taken.has(runId)) {
        if (before !== undefined && !isRunEnded(before.value.state)) await wake(before.value);
        continue;
      }
      taken.add(runId);
      note(`waits for run ${runId}, which was left unfinished and holds the DAG's place: taking it up`);
      await advanceRun(engine, runId, [{ type: "wake", all: true }]);
    }
  };
  return tend;
}
