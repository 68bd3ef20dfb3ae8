/**
 * One life of an embedded Freshet over the small world: starts it, asks for what is not there yet, waits until everything
 * has ended, prints what came of it. With FRESHET_CRASH_AT it dies on the way; the next life must end the work.
 */
import { planBackfill, startBackfill } from "../../shared/app/backfill.ts";
import { isBackfillOver } from "../../shared/core/backfill/decide.ts";
import { startRun } from "../../shared/app/start-run.ts";
import { register } from "../../shared/app/register.ts";
import { cancelRun } from "../../shared/app/cancel-run.ts";
import { operateRun } from "../../shared/app/operate.ts";
import { dagId } from "../../shared/core/ids.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import type { Run } from "../../shared/core/run.ts";
import { crashPointFrom } from "../../cli/home/crash.ts";
import { findProject } from "../../cli/home/paths.ts";
import { startScheduler, type Scheduler } from "../../cli/home/scheduler.ts";
import { anArrivedObject } from "../builders/index.ts";
import { readJournal, worldVersions } from "./world.ts";

/** What a life prints when everything has ended. */
export interface Summary {
  readonly runs: readonly {
    readonly runId: string;
    readonly state: string;
    readonly epoch: number;
    readonly files: readonly string[];
  }[];
  /** Runs that still have a part in a pool. */
  readonly holders: readonly string[];
  readonly faults: readonly string[];
}

/** Recovery must not need the sweep's own patience: what is lost is found at the start. */
const LIFE_MS_MAX = 20_000;
const LOOK_MS = 10;
const FILES = ["a.csv", "b.csv", "c.csv"] as const;

const project = findProject(process.cwd(), process.env);
const home = project.home.path;
const faults: string[] = [];
const scheduler = await startScheduler({
  project,
  env: { PATH: process.env["PATH"] ?? "" },
  crashPoint: crashPointFrom(process.env["FRESHET_CRASH_AT"]),
  onFact: () => {},
  onFault: (fault) => faults.push(`${fault.kind} ${fault.id}: ${fault.message}`),
  serve: true,
});
await register(scheduler.engine, await worldVersions(home, scheduler.stores.blobs));
await ask(scheduler);
const runs = await allEnded(scheduler);
const pools = await scheduler.stores.pools.list();
await scheduler.close();
const summary: Summary = {
  runs: runs.map(({ runId, state, epoch, files }) => ({
    runId,
    state,
    epoch,
    files: "blob" in files ? [] : files.map((file) => file.key),
  })),
  holders: pools.flatMap(({ entries }) => entries.map(({ runId }) => runId)),
  faults,
};
process.stdout.write(`${JSON.stringify(summary)}\n`);

/** Each life asks for the same: keys and versions make it once. */
async function ask({ engine }: Pick<Scheduler, "engine">): Promise<void> {
  for (const key of ["one", "two"])
    await startRun(engine, { dagId: dagId("diamond"), by: "test", idempotencyKey: key });
  await backfillOnce(scheduler);
  await startRun(engine, { dagId: dagId("parent"), by: "test", idempotencyKey: "one" });
  const objects = FILES.map((name) => anArrivedObject({ key: `raw/orders/${name}`, version: `v-${name}` }));
  await engine.events.send(objects.map((object) => ({ type: "object_created", v: 1, object })));
  const { runId } = await startRun(engine, { dagId: dagId("endless"), by: "test", idempotencyKey: "one" });
  await until(async () => readJournal(home).some((line) => line.taskId === "slow") || (await isEnded(engine, runId)));
  const cancel = (await engine.runs.load(runId))?.value.cancel;
  if (!(await isEnded(engine, runId)) && !cancel) await cancelRun(engine, runId, "test", "enough");
  await clearOnce(scheduler);
}

/** By the first life that comes to it. */
async function backfillOnce({ engine }: Scheduler): Promise<void> {
  if ((await engine.backfills.list({ limit: 1 })).length > 0) return;
  const request = { dagId: dagId("past"), from: "2026-01-01", to: "2026-01-03", parallel: 2 };
  await startBackfill(engine, await planBackfill(engine, request), "test");
}

/** One of the runs is cleared once it has ended, by the first life that comes to it. */
async function clearOnce({ engine }: Scheduler): Promise<void> {
  const { runId } = await startRun(engine, { dagId: dagId("diamond"), by: "test", idempotencyKey: "one" });
  await until(() => isEnded(engine, runId));
  const subject = { kind: "run", id: runId } as const;
  if ((await engine.audit.list(subject, 1)).length > 0) return;
  const tasks = [{ taskId: "big", mapIndex: null }];
  const selection = { tasks, upstream: false, downstream: true, onlyFailed: false };
  await operateRun(engine, { runId, action: { type: "clear", selection }, by: "test", reason: "again" });
}

async function isEnded(engine: Scheduler["engine"], id: Run["runId"]): Promise<boolean> {
  return isRunEnded((await engine.runs.load(id))?.value.state ?? "queued");
}

async function allEnded({ engine }: Scheduler): Promise<readonly Run[]> {
  let found: readonly Run[] = [];
  await until(async () => {
    found = (await engine.runs.list({ limit: 100 })).runs;
    const files = found.flatMap((run) => ("blob" in run.files ? [] : run.files));
    const open = found.filter((run) => !isRunEnded(run.state) || run.effects.length > 0);
    const backfills = await engine.backfills.list({ limit: 10 });
    if (!backfills.every((backfill) => isBackfillOver(backfill))) return false;
    return open.length === 0 && found.length >= 9 && files.length >= FILES.length;
  });
  return found;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + LIFE_MS_MAX;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not ended after ${LIFE_MS_MAX} ms: ${faults.join("; ")}`);
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
}
