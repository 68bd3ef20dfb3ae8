/** Runs a DAG in the `freshet dev` that is running beside: puts the run, and follows its records. */
import { setTimeout as delay } from "node:timers/promises";
import { currentVersion } from "../../shared/app/current-version.ts";
import { putRun, type StartRequest } from "../../shared/app/start-run.ts";
import type { Engine } from "../../shared/app/engine.ts";
import { ping } from "../../shared/embedded/ping.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Stores } from "../home/stores.ts";
import { sameAsWritten } from "../home/register-dags.ts";
import { followRun } from "../follow/follow-run.ts";
import type { RunLines } from "../follow/run-lines.ts";
import type { Ended } from "./here.ts";
import type { Interrupts } from "./interrupts.ts";

/** A file that was saved a moment ago is registered by `freshet dev` within this time. */
const REGISTERED_WITHIN_MS = 2_000;
const LOOK_MS = 50;

/** Waits until `freshet dev` has registered the DAG as its file says; false if it has another one. */
export async function registeredBeside(engine: Engine, manifest: Manifest): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < REGISTERED_WITHIN_MS; waitedMs += LOOK_MS) {
    const known = await engine.dags.load(manifest.dagId);
    if (known !== undefined && !known.value.removed) {
      const { manifest: current } = await engine.versions(known.value.version);
      if (sameAsWritten(current, manifest)) return true;
    }
    await delay(LOOK_MS);
  }
  await currentVersion(engine, manifest.dagId); // Throws if it has none at all.
  return false;
}

interface Watching {
  readonly home: string;
  readonly lines: RunLines | undefined;
  readonly interrupts: Interrupts;
}

/** Ctrl-C stops following; the run goes on. */
export async function runBeside(
  stores: Stores,
  engine: Engine,
  request: StartRequest,
  { home, lines, interrupts }: Watching,
): Promise<Ended> {
  const { run } = await putRun(engine, request);
  await ping(home);
  const followed = await followRun(run.runId, {
    reading: engine,
    logs: stores.logs,
    onStep: (step) => lines?.step(step),
    signal: interrupts.first,
  });
  return { run: followed, interrupted: interrupts.first.aborted };
}
