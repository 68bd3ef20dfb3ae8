/** Where a run happens: in the `freshet dev` that is running, or here. */
import { setTimeout as delay } from "node:timers/promises";
import { noCrash } from "../../shared/app/crash-points.ts";
import type { StartRequest } from "../../shared/app/start-run.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import { iso } from "../../shared/core/time.ts";
import type { ObjectStore } from "../../shared/core/task-host.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import { ping } from "../../shared/embedded/ping.ts";
import { required } from "../command.ts";
import type { RunLines } from "../follow/run-lines.ts";
import { paramsOf } from "../given.ts";
import { engineBeside, operator } from "../home/beside.ts";
import { givenFiles } from "../home/given-files.ts";
import { startScheduler, type Scheduler } from "../home/scheduler.ts";
import { openStores } from "../home/stores.ts";
import type { DagLoader } from "../load/loader.ts";
import type { LoadedDag } from "../load/result.ts";
import { placeOf } from "../place.ts";
import { printProblem } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import { registeredBeside, runBeside } from "./beside.ts";
import { childDags } from "./child-dags.ts";
import { intervalOf } from "./covers.ts";
import { findDag, likelyFiles } from "./find-dag.ts";
import { taskEnvironment, type RunInvocation } from "./given-run.ts";
import { registerHere, runHere, type Ended } from "./here.ts";
import { createInspectedRunner, waitForDebugger } from "./inspect.ts";
import type { Interrupts } from "./interrupts.ts";

/** Another `freshet run` may hold the home for as long as its run takes; it is waited for this long. */
const LOCK_WAIT_MS_MAX = 60_000;
const LOCK_LOOK_MS = 200;
/** With a debugger, a claim outlasts any breakpoint. */
const INSPECTED_LEASE_MS = 86_400_000;

export interface Running {
  readonly invocation: RunInvocation;
  /** Undefined: nothing is told of it (`--json`). */
  readonly lines: RunLines | undefined;
  readonly interrupts: Interrupts;
}

/** Throws what finding, loading and starting throw; the outcome of the run is no error. */
export async function runAnywhere(running: Running, loader: DagLoader): Promise<Ended> {
  const { project } = running.invocation;
  return (await ping(project.home.path)) ? besideDev(running, loader) : inThisProcess(running, loader);
}

/** The DAG as its file says, its warnings told. */
async function loadedDag({ invocation }: Running, loader: DagLoader, likely: readonly string[]): Promise<LoadedDag> {
  const { terminal, cwd, args } = invocation;
  const { dag, problems } = await findDag(loader, likely, required(args, 0));
  for (const problem of problems) printProblem(terminal.err, problem, sourceLines(cwd));
  return dag;
}

async function besideDev(running: Running, loader: DagLoader): Promise<Ended> {
  const { invocation, lines, interrupts } = running;
  const { project, terminal, args, options } = invocation;
  if (options.inspect === true) {
    const text = "--inspect runs the tasks in its own process, and `freshet dev` has this home";
    throw new FreshetError("HOME_LOCKED", `${text}; stop it, or set FRESHET_HOME to another folder`);
  }
  const dag = await loadedDag(running, loader, await likelyFiles(project.dagsDir, required(args, 0)));
  const stores = openStores(project.home);
  try {
    const engine = engineBeside(stores);
    if (!(await registeredBeside(engine, dag.manifest))) {
      const text = `the running \`freshet dev\` has another version of dag '${dag.manifest.dagId}', and runs that one`;
      terminal.err.line(`${terminal.err.paint("yellow", "warning")}: ${text}`);
    }
    const request = await requestOf(running, dag, stores.objects);
    return await runBeside(stores, engine, request, { home: project.home.path, lines, interrupts });
  } finally {
    await stores.close();
  }
}

async function inThisProcess(running: Running, loader: DagLoader): Promise<Ended> {
  const { invocation, lines, interrupts } = running;
  const { project, terminal, args, options } = invocation;
  const likely = await likelyFiles(project.dagsDir, required(args, 0));
  const bell = createBell();
  const started = { dag: undefined as LoadedDag | undefined, scheduler: undefined as Scheduler | undefined };
  try {
    if (options.inspect === true || likely.length === 0) {
      // Whatever is wrong with the name is told before a home comes into being.
      started.dag = await loadedDag(running, loader, likely);
      started.scheduler = await startHere(running, bell.ring, started.dag.file);
    } else {
      const starting = startHere(running, bell.ring).then((scheduler) => (started.scheduler = scheduler));
      const loading = loadedDag(running, loader, likely).then((dag) => (started.dag = dag));
      await Promise.allSettled([starting, loading]);
      await Promise.all([loading, starting]);
    }
    const { dag, scheduler } = started;
    if (dag === undefined) throw new TypeError("a DAG that was found is there");
    if (scheduler === undefined) return await besideDev(running, loader);
    for (const needed of [dag, ...(await childDags(loader, project.dagsDir, dag))])
      await registerHere(scheduler, needed, placeOf(invocation));
    const request = await requestOf(running, dag, scheduler.stores.objects);
    if (options.inspect === true) interrupts.without(() => waitForDebugger((text) => terminal.err.line(text)));
    return await runHere(scheduler, request, { invocation, lines, interrupts, nudge: bell.rung });
  } finally {
    await started.scheduler?.close();
  }
}

/** Undefined if a `freshet dev` turns out to have the home. Throws HOME_LOCKED if somebody else keeps it for too long. */
async function startHere(
  { invocation, lines, interrupts }: Running,
  ring: () => void,
  inspected?: string,
): Promise<Scheduler | undefined> {
  const { project, env } = invocation;
  let waits = false;
  for (let waitedMs = 0; ; waitedMs += LOCK_LOOK_MS) {
    try {
      return await startScheduler({
        project,
        env: taskEnvironment(env),
        crashPoint: noCrash,
        onFact: ring,
        onFault: ({ id, message }) => lines?.note(`${id}: ${message}`),
        serve: false,
        ...(inspected === undefined
          ? {}
          : { runner: createInspectedRunner(project.home, inspected), leaseMs: INSPECTED_LEASE_MS }),
      });
    } catch (error) {
      const locked = error instanceof FreshetError && error.code === "HOME_LOCKED";
      if (!locked || waitedMs >= LOCK_WAIT_MS_MAX || interrupts.first.aborted) throw error;
      if (await ping(project.home.path)) return undefined;
      if (!waits) lines?.note(`${error.message.replace(/; stop that one.*$/, "")}; waiting for it`);
      waits = true;
      await delay(LOCK_LOOK_MS);
    }
  }
}

async function requestOf(
  { invocation }: Running,
  { manifest }: LoadedDag,
  objects: ObjectStore,
): Promise<StartRequest> {
  const { terminal, cwd, env, options } = invocation;
  const params = paramsOf(options.params, cwd);
  const dataInterval = intervalOf(manifest, options);
  if (dataInterval !== undefined && dataInterval.end > createClock().now()) {
    const text = `the interval ends at ${iso(dataInterval.end)}, which has not come yet: its data may not be complete`;
    terminal.err.line(`${terminal.err.paint("yellow", "warning")}: ${text}`);
  }
  return {
    dagId: manifest.dagId,
    by: operator(env),
    files: await givenFiles(objects, manifest, options.file ?? []),
    ...(params === undefined ? {} : { params }),
    ...(dataInterval === undefined ? {} : { dataInterval }),
  };
}

interface Bell {
  readonly ring: () => void;
  /** Resolves at the next ring, or at once if it has rung since the last time. */
  readonly rung: () => Promise<void>;
}

function createBell(): Bell {
  let rings = 0;
  let heard = 0;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rings += 1;
      wake?.();
    },
    async rung() {
      if (rings > heard) heard = rings;
      else await new Promise<void>((resolve) => void (wake = resolve));
    },
  };
}
