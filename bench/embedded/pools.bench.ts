import { commitId, poolId, runId, type RunId } from "../../shared/core/ids.ts";
import { decidePool, newPool } from "../../shared/core/pool/decide.ts";
import type { Pool, PoolEvent } from "../../shared/core/pool/record.ts";
import { instant } from "../../shared/core/time.ts";
import type { PoolStore } from "../../shared/ports/pool-store.ts";
import type { Stored } from "../../shared/ports/stored.ts";
import { lineOf, type BenchLine } from "../line.ts";
import { DURABILITY, openWorld, pooledDag } from "./world.ts";

export const name = "pools";

const TASKS = 2_000;
const SLOTS = 64;
const RUNS = 10;
/** Runs that share the pool of the second measurement. */
const SHARERS = 64;
const GRANTS = 5_000;
/** What one run's decision gives back and asks for, where completions come together. */
const BATCH = 8;

/** A fan-out through a narrow pool, whole; and the pool alone: load, decide, commit, one run after the other. */
export async function run(): Promise<readonly BenchLine[]> {
  const world = await openWorld({ "pooled.dag.ts": pooledDag(TASKS, SLOTS) });
  await world.runOnce("pooled");
  const samplesMs: number[] = [];
  for (let index = 0; index < RUNS; index++) samplesMs.push((await world.runOnce("pooled")).ms);
  const fanOut = lineOf({
    workload: `pools_fan_out_${TASKS}`,
    n: TASKS,
    durability: DURABILITY,
    samplesMs,
    totalMs: sum(samplesMs),
    tasks: TASKS * RUNS,
  });
  const { pools } = world.scheduler.stores;
  const alone = [await grantsOf(pools, "grants-1", 1), await grantsOf(pools, "grants-8", BATCH)];
  await world.close();
  return [fanOut, ...alone];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** `tasks` of the line are grants. */
async function grantsOf(pools: PoolStore, id: string, batch: number): Promise<BenchLine> {
  const pool = newPool(poolId(id), SHARERS * batch);
  const runs = Array.from({ length: SHARERS }, (_, index) => runId(`bench.${index}`));
  const { pool: full } = decidePool(
    pool,
    runs.map((each) => wanting(each, 1, 0, batch)),
    instant(Date.now()),
  );
  await pools.create(full, commitId(`create-${id}`));
  const samplesMs: number[] = [];
  for (let step = 0; step * batch < GRANTS; step++) {
    const started = performance.now();
    const round = Math.floor(step / SHARERS) + 1;
    const stored = (await pools.load(full.poolId)) as Stored<Pool>;
    const event = wanting(runs[step % SHARERS] as RunId, round + 1, round * batch, batch);
    const { pool: next, commands } = decidePool(stored.value, [event], instant(Date.now()));
    if (commands.length === 0) throw new Error("nothing was granted");
    if ((await pools.commit(stored, next, commitId(`${id}-${step}`))) !== "committed") throw new Error("contended");
    samplesMs.push(performance.now() - started);
  }
  const totalMs = sum(samplesMs);
  const grants = samplesMs.length * batch;
  return lineOf({
    workload: `pools_grants_of_${batch}`,
    n: batch,
    durability: DURABILITY,
    samplesMs,
    totalMs,
    tasks: grants,
  });
}

/** A run that has given back all that it was granted, and wants as many again. */
const wanting = (id: RunId, number: number, released: number, batch: number): PoolEvent => ({
  type: "wanted",
  runId: id,
  epoch: 0,
  want: {
    number,
    granted: released,
    released,
    wanted: released + batch,
    next: { weight: 1, count: batch },
    priority: 1,
    deadline: null,
    logicalDate: null,
  },
});
