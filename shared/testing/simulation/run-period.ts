/** Lets a period pass: the real use-cases over simulated ports, from the registration of the DAG to the end of its last run. */
import { register } from "../../app/register.ts";
import { startRun } from "../../app/start-run.ts";
import { FreshetError } from "../../core/errors.ts";
import { versionHash } from "../../core/ids.ts";
import type { Manifest, ScheduleSpec } from "../../core/manifest.ts";
import { nextFiring } from "../../core/schedule/schedule.ts";
import { instant, iso, plus, type Instant } from "../../core/time.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { digestOf } from "../../simulated/random.ts";
import type { Period } from "./period.ts";
import { reportOf } from "./report.ts";
import type { Simulation } from "./result.ts";
import { scriptOf } from "./scripts.ts";
import { createCalmWorld, type CalmWorld } from "./world.ts";

/** Longer than any chain of retries and timeouts that is meant. */
const SETTLE_MS_MAX = 1_000 * 86_400_000;

/** Steps between two looks at where it is. */
const STEPS_OF_PROGRESS = 50_000;

/** `onProgress` hears now and then what time it is there. */
export async function runPeriod(period: Period, onProgress?: (now: Instant) => void): Promise<Simulation> {
  const { from, until, seed } = period;
  const version = versionOf(withoutChildren({ ...period.manifest, schedule: boundedSchedule(period) }));
  // The first firing may fall due at the very start.
  const startAt = plus(from, -1);
  const world = createCalmWorld(startAt, seed, (dispatch) => scriptOf(period, dispatch));
  world.schedule(startAt, (engine) => register(engine, [version]));
  planStarts(world, period);
  planArrivals(world, period);
  await world.kernel.runUntil(until + SETTLE_MS_MAX, () => {
    if (world.kernel.steps % STEPS_OF_PROGRESS === 0) onProgress?.(instant(world.kernel.now()));
    return world.failure() !== undefined || world.atRest();
  });
  const failure = world.failure();
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error(JSON.stringify(failure));
  if (!world.atRest()) throw new FreshetError("UNAVAILABLE", `the simulation did not come to rest by ${iso(until)}`);
  return reportOf(period, version, world);
}

/** The other DAG is not there: the task ends as its script has it, like any other. */
const withoutChildren = (manifest: Manifest): Manifest => ({
  ...manifest,
  tasks: manifest.tasks.map((task) => (task.child === null ? task : { ...task, child: null })),
});

function planStarts(world: CalmWorld, { manifest, starts, params }: Period): void {
  const request = { dagId: manifest.dagId, by: "simulate", params };
  for (const at of starts) world.schedule(at, (engine) => startRun(engine, request));
}

function planArrivals(world: CalmWorld, { arrivals }: Period): void {
  for (const [index, { at, bucket, key }] of arrivals.entries()) {
    const version = `simulated-${index + 1}`;
    const object = { bucket, key, version, size: 0, etag: version, arrivedAt: iso(at) };
    world.schedule(at, async () => world.accept({ type: "object_created", v: 1, object }));
  }
}

const versionOf = (manifest: Manifest): DagVersion => {
  const digest = digestOf(JSON.stringify(manifest));
  return { version: versionHash(digest + digest), manifest, bundle: digest + digest };
};

/**
 * The schedule up to the end of the period: it covers nothing of the first run after it. So a firing that waits for its place
 * by then still becomes a run.
 */
function boundedSchedule({ manifest: { schedule }, firings, until }: Period): ScheduleSpec | null {
  if (schedule === null || firings.length === 0) return null;
  const after = nextFiring(schedule, plus(until, -1));
  return after === null ? schedule : { ...schedule, end: earlier(schedule.end, after.dataInterval.start) };
}

const earlier = (a: Instant | null, b: Instant): Instant => instant(Math.min(a ?? b, b));
