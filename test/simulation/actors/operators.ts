/** People, their tools, and the bucket: they deploy, start, cancel, and drop files. */
import { changeBackfill, planBackfill, startBackfill } from "../../../shared/app/backfill.ts";
import { isBackfillOver } from "../../../shared/core/backfill/decide.ts";
import { BACKFILL_ORDERS, REPROCESS } from "../../../shared/core/backfill/record.ts";
import { cancelRun } from "../../../shared/app/cancel-run.ts";
import { register, unregister } from "../../../shared/app/register.ts";
import { resizePool } from "../../../shared/app/pools.ts";
import { startRun } from "../../../shared/app/start-run.ts";
import { wakeMessage } from "../../../shared/contract/messages.ts";
import { FreshetError } from "../../../shared/core/errors.ts";
import { dagId, versionHash, type RunId, type VersionHash } from "../../../shared/core/ids.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { isRunEnded } from "../../../shared/core/states.ts";
import { instant, iso, plus } from "../../../shared/core/time.ts";
import type { DagVersion } from "../../../shared/ports/dag-store.ts";
import type { Engine } from "../../../shared/app/engine.ts";
import { engineOf } from "../../../shared/simulated/ports/wiring.ts";
import { createProcess, type Host } from "../../../shared/simulated/process.ts";
import { digestOf } from "../../../shared/simulated/random.ts";
import type { World } from "../world.ts";
import type { Action, PlannedAction } from "../world/plan.ts";
import { SCHEDULER_SKEW_MS_MAX } from "./consumer.ts";
import { handOf } from "./hand.ts";

/** What was done and answered: what the checkers hold the engine to. */
export interface Deeds {
  /** Deployments that were reported done, in order; a removal is one of a DAG without triggers. */
  readonly deployed: {
    readonly at: number;
    readonly manifest: Manifest;
    readonly version: VersionHash;
    readonly removed?: true;
  }[];
  readonly dropped: { readonly at: number; readonly key: string; readonly version: string; readonly bucket: string }[];
  /** Runs whose cancelling was answered. */
  readonly cancelled: { readonly at: number; readonly runId: RunId }[];
  /** By key: the runs that were answered. */
  readonly started: Map<string, Set<RunId>>;
}

const TRIES_MAX = 12;
const TRY_AGAIN_MS_MAX = 20_000;

const versionOf = (manifest: Manifest): DagVersion => {
  const digest = digestOf(JSON.stringify(manifest));
  return { version: versionHash(digest + digest), manifest, bundle: digest + digest };
};

export interface Operators {
  readonly deeds: Deeds;
  act(action: Action): void;
}

export function startOperators(world: World, actions: readonly PlannedAction[]): Operators {
  const { kernel, faults } = world;
  const random = world.random.fork("operators");
  const skewMs = faults.strikes("clock:skewed") ? (random.next() * 2 - 1) * SCHEDULER_SKEW_MS_MAX : 0;
  const host: Host = { name: "operator", skewMs, versions: new Map() };
  const deeds: Deeds = { deployed: [], dropped: [], cancelled: [], started: new Map() };

  /** As a person would: tries again while it is told that the trouble may pass. */
  const insist = (what: string, work: (engine: Engine) => Promise<void>, tries = 1): void => {
    const again = (): void => {
      if (tries < TRIES_MAX) kernel.after(random.skewed(500, TRY_AGAIN_MS_MAX), () => insist(what, work, tries + 1));
    };
    const process = createProcess(world, host, `operator/${world.count()}`, again);
    world.trace?.(() => `${process.name} tries to ${what}`);
    work(engineOf(world, process)).then(
      () => process.end(),
      (error: unknown) => {
        if (!process.alive) return;
        process.end();
        if (error instanceof FreshetError && error.retryable) again();
        else if (!(error instanceof FreshetError)) {
          const message = `an operator who tries to ${what} is told: ${String(error)}`;
          world.watch.faulted({
            kind: "message",
            id: process.name,
            code: "UNEXPECTED",
            message,
            at: instant(kernel.now()),
          });
        }
      },
    );
    kernel.settled();
  };

  const hand = handOf(world, insist);

  const act = (action: Action): void => {
    switch (action.type) {
      case "deploy": {
        const version = versionOf(action.manifest);
        return insist(`deploy ${action.manifest.dagId}`, async (engine) => {
          await register(engine, [version]);
          deeds.deployed.push({ at: kernel.now(), ...version });
        });
      }
      case "remove":
        return insist(`remove ${action.dagId}`, (engine) => remove(engine, action.dagId));
      case "resize":
        return insist(`resize ${action.pool} to ${action.slots}`, async (engine) => {
          await resizePool(engine, { poolId: action.pool, slots: action.slots, by: "operator", reason: "" });
        });
      case "wake_all":
        return wakeAll();
      case "start":
        return insist(`start ${action.dagId}`, (engine) => start(engine, action));
      case "cancel":
        return cancel(action.pick);
      case "backfill":
        return insist(`backfill ${action.dagId}`, (engine) => backfill(engine, action));
      case "resume_backfills":
        return resumeAll();
      case "change_backfill":
        return changeOne(action.pick);
      case "drop":
        return drop(action);
      case "hand":
        return hand.act(action);
      case "resume_all":
        return hand.resumeAll();
      case "release":
        return release();
    }
  };

  const remove = async (engine: Engine, id: string): Promise<void> => {
    const others = [...world.database.dags.rows.keys()].filter((other) => other !== id);
    await unregister(engine, new Set<string>(others));
    // An earlier try may have removed it, and not have heard so.
    const row = world.database.dags.rows.get(dagId(id));
    if (row?.value.removed !== true) return;
    const manifest = { ...world.database.manifest(row.value.version), triggers: [] };
    deeds.deployed.push({ at: kernel.now(), manifest, version: row.value.version, removed: true });
  };

  const backfill = async (
    engine: Engine,
    { dagId: id, days, pick }: Extract<Action, { type: "backfill" }>,
  ): Promise<void> => {
    const now = engine.clock.now();
    const row = world.database.dags.rows.get(dagId(id));
    const tasks = row === undefined ? [] : world.database.manifest(row.value.version).tasks;
    const pools = [...world.database.pools.rows.keys()].filter((name) => !name.includes(":"));
    const pool = Math.floor(pick * 23) % 3 === 0 ? pools[Math.floor(pick * 41) % Math.max(1, pools.length)] : undefined;
    const task = Math.floor(pick * 37) % 5 === 0 ? tasks[Math.floor(pick * 43) % Math.max(1, tasks.length)] : undefined;
    const planned = await planBackfill(engine, {
      dagId: dagId(id),
      from: iso(plus(now, -days * 86_400_000)),
      to: iso(now),
      parallel: 1 + (Math.floor(pick * 30) % 3),
      order: BACKFILL_ORDERS[Math.floor(pick * 9) % 3] ?? "oldest",
      latest: pick > 0.7,
      reprocess: REPROCESS[Math.floor(pick * 17) % 3] ?? "none",
      onlyMissed: Math.floor(pick * 29) % 5 === 0,
      ignoreDependsOnPast: Math.floor(pick * 31) % 3 === 0,
      ...(pool === undefined ? {} : { pool }),
      ...(task === undefined ? {} : { tasks: [`${task.taskId}+`] }),
    });
    await startBackfill(engine, planned, "operator");
  };

  const resumeAll = (): void => {
    for (const [id, { value }] of world.database.backfills.rows) {
      if (value.state !== "paused") continue;
      insist(`resume ${id}`, async (engine) => {
        await changeBackfill(engine, id, { type: "resume", by: "operator", reason: "" });
      });
    }
  };

  const changeOne = (pick: number): void => {
    const open = [...world.database.backfills.rows.values()].filter(({ value }) => !isBackfillOver(value));
    const found = open[Math.floor(pick * open.length)]?.value;
    if (found === undefined) return;
    const type = pick > 0.8 ? "cancel" : found.state === "paused" ? "resume" : "pause";
    insist(`${type} ${found.backfillId}`, async (engine) => {
      await changeBackfill(engine, found.backfillId, { type, by: "operator", reason: "" });
    });
  };

  const wakeAll = (): void => {
    const { runs, dags, pools, backfills } = world.database;
    for (const { value } of runs.rows.values()) {
      if (isRunEnded(value.state)) continue;
      world.events.accept({ type: "wake_run", v: 1, runId: value.runId, all: true }, 0);
    }
    for (const id of backfills.rows.keys())
      world.events.accept(wakeMessage({ kind: "backfill", id }, { all: true }), 0);
    for (const id of pools.rows.keys()) world.events.accept(wakeMessage({ kind: "pool", id }, { all: true }), 0);
    for (const id of dags.rows.keys()) world.events.accept({ type: "wake_dag", v: 1, dagId: id, all: true }, 0);
  };

  const start = async (engine: Engine, { dagId: id, key }: Extract<Action, { type: "start" }>): Promise<void> => {
    const request = { dagId: dagId(id), by: "operator", ...(key === undefined ? {} : { idempotencyKey: key }) };
    const { runId } = await startRun(engine, request);
    if (key === undefined) return;
    const known = deeds.started.get(`${id}#${key}`);
    if (known === undefined) deeds.started.set(`${id}#${key}`, new Set([runId]));
    else known.add(runId);
  };

  const cancel = (pick: number): void => {
    const open = [...world.database.runs.rows.values()].filter(
      ({ value }) => !isRunEnded(value.state) && value.origin.kind !== "chunk",
    );
    const run = open[Math.floor(pick * open.length)]?.value;
    if (run === undefined) return;
    insist(`cancel ${run.runId}`, async (engine) => {
      await cancelRun(engine, run.runId, "operator", "not needed");
      deeds.cancelled.push({ at: kernel.now(), runId: run.runId });
    });
  };

  const release = (): void => {
    for (const { value } of world.database.dags.rows.values()) if (value.paused !== null) hand.resumeAll();
    for (const { value } of world.database.runs.rows.values()) {
      if (isRunEnded(value.state) || value.previous === undefined || value.past === undefined) continue;
      insist(`cancel ${value.runId}`, async (engine) => {
        await cancelRun(engine, value.runId, "operator", "the run before it failed");
        deeds.cancelled.push({ at: kernel.now(), runId: value.runId });
      });
    }
  };

  const drop = ({ bucket, key, version }: Extract<Action, { type: "drop" }>): void => {
    const at = kernel.now();
    deeds.dropped.push({ at, bucket, key, version });
    const arrivedAt = iso(instant(Math.floor(at)));
    const object = { bucket, key, version, size: 42, etag: version, arrivedAt };
    const tell = (delayMs: number): void => world.events.accept({ type: "object_created", v: 1, object }, delayMs);
    world.trace?.(() => `the bucket has ${key}@${version}`);
    tell(faults.strikes("bucket:told_late") ? random.skewed(1_000, 7_200_000) : 0);
    if (faults.strikes("bucket:told_twice")) tell(random.skewed(0, 120_000));
  };

  for (const { at, action } of actions) kernel.schedule(at, () => act(action));
  return { deeds, act };
}
