/**
 * Kills a real `freshet dev` and its workers at random moments while there is much to do, starts it again each time, and in
 * the end lets it finish.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openStores } from "../../cli/home/stores.ts";
import type { Random } from "../../shared/simulated/random.ts";
import { randomOf } from "../../shared/simulated/random.ts";
import { startLife, type Life } from "./freshet.ts";
import { workerPids, type Place } from "./place.ts";
import { startUnrest, type Unrest } from "./unrest.ts";

/** From one blow, or from the start after it, to the next: some at once, most while work is going on. */
const SHORT_MS = [0, 150] as const;
const LONG_MS = [150, 3_500] as const;
/** A start takes about this long: some blows fall into it. */
const STARTING_MS = 1_200;
const MINUTE_MS = 60_000;
/** So close to a full minute a blow is aimed at what the clock starts. */
const AIMED_MS = [-200, 900] as const;
const READY_MS_MAX = 60_000;
/** What is left to do in the end: retries, what hangs and its grace, losses. */
const FINISH_MS_MAX = 180_000;
const LOOK_MS = 250;
const END_MS_MAX = 30_000;

export type Target = "scheduler" | "worker" | "everything";

export interface Blow {
  readonly target: Target;
  readonly at: number;
  /** Whether the scheduler had taken up its DAGs by then. */
  readonly ready: boolean;
}

export interface Storm {
  readonly lives: readonly Life[];
  readonly blows: readonly Blow[];
  readonly unrest: Unrest;
  /** When the definitions of all schedules were taken away, in milliseconds since 1970. */
  readonly scheduledUntil: number;
  /** What went wrong around it: a life that ended by itself, work that did not come to its end. */
  readonly faults: readonly string[];
}

export interface StormOptions {
  readonly kills: number;
  readonly onBlow?: (blow: Blow, count: number) => void;
}

interface Sky {
  readonly place: Place;
  readonly dice: Random;
  readonly lives: Life[];
  readonly blows: Blow[];
  readonly faults: string[];
}

export async function raiseStorm(place: Place, { kills, onBlow = () => undefined }: StormOptions): Promise<Storm> {
  const dice = randomOf(place.seed, "storm");
  const sky: Sky = { place, dice, lives: [], blows: [], faults: [] };
  let life = await begin(sky);
  await readiness(sky, life);
  const unrest = startUnrest(place, dice.fork("unrest"));
  while (sky.blows.length < kills && sky.faults.length === 0) {
    await moment(sky, life);
    const blow = await strike(sky, life);
    if (blow === undefined) continue;
    sky.blows.push(blow);
    onBlow(blow, sky.blows.length);
    if (blow.target !== "worker") life = await begin(sky);
  }
  await unrest.stop();
  await readiness(sky, life);
  rmSync(join(place.project.dagsDir, "minutely.dag.ts"));
  const scheduledUntil = Date.now();
  await finish(sky, life);
  return { lives: sky.lives, blows: sky.blows, unrest, scheduledUntil, faults: sky.faults };
}

async function begin({ place, dice, lives }: Sky): Promise<Life> {
  if (dice.chance(0.3)) await delay(dice.integer(0, 800)); // A machine that is away for a moment.
  const life = startLife(place);
  lives.push(life);
  return life;
}

/** Waits until the life has taken up its DAGs, if it lives so long. */
async function readiness(sky: Sky, life: Life): Promise<void> {
  const late = new AbortController();
  const tooLate = delay(READY_MS_MAX, "late", { signal: late.signal }).catch(() => "ready");
  const how = await Promise.race([life.ready.then(() => "ready"), life.gone.then(() => "gone"), tooLate]);
  late.abort();
  if (how === "gone") sky.faults.push(`freshet dev ended by itself: ${JSON.stringify(life.exit())}`);
  if (how === "late") sky.faults.push(`freshet dev was not ready within ${READY_MS_MAX / 1_000} s`);
}

/** Waits for when the next blow falls. */
async function moment(sky: Sky, life: Life): Promise<void> {
  const { dice } = sky;
  if (life.readyAt() === undefined) {
    if (dice.chance(0.15)) return delay(dice.integer(0, STARTING_MS));
    await readiness(sky, life);
  }
  const toMinute = MINUTE_MS - (Date.now() % MINUTE_MS);
  const aimed = toMinute < LONG_MS[1] && dice.chance(0.5);
  const [min, max] = dice.chance(0.3) ? SHORT_MS : LONG_MS;
  await delay(Math.max(0, aimed ? toMinute + dice.integer(...AIMED_MS) : dice.integer(min, max)));
}

/** Kills; undefined if there was nobody to kill. */
async function strike({ place, dice, faults }: Sky, life: Life): Promise<Blow | undefined> {
  const ready = life.readyAt() !== undefined;
  if (life.endedAt() !== undefined) {
    faults.push(`freshet dev ended by itself: ${JSON.stringify(life.exit())}`);
    return undefined;
  }
  const target = dice.weighted<Target>([
    [6, "scheduler"],
    [3, "worker"],
    [1, "everything"],
  ]);
  const workers = workerPids(place);
  const at = Date.now();
  if (target === "worker") {
    return workers.length > 0 && kill(dice.pick(workers)) ? { target, at, ready } : undefined;
  }
  life.kill("SIGKILL");
  if (target === "everything") for (const pid of workers) kill(pid);
  await life.gone;
  return { target, at, ready };
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false; // It has ended.
  }
}

/** Lets everything come to its end, and then ends the last life as a person would. */
async function finish({ place, faults }: Sky, life: Life): Promise<void> {
  if (faults.length === 0 && !(await cameToRest(place)))
    faults.push(`not at rest ${FINISH_MS_MAX / 1_000} s after the last kill`);
  if (life.endedAt() !== undefined) return;
  life.kill("SIGINT");
  const ended = await Promise.race([life.gone.then(() => true), delay(END_MS_MAX, false, { ref: false })]);
  if (!ended) {
    faults.push(`freshet dev did not end within ${END_MS_MAX / 1_000} s of SIGINT`);
    life.kill("SIGKILL");
    await life.gone;
  } else if (life.exit().code !== 0) faults.push(`freshet dev ended with ${JSON.stringify(life.exit())}`);
}

/** No run is open, no window, and no schedule is left, twice in a row: a file may be on its way from one to the other. */
async function cameToRest(place: Place): Promise<boolean> {
  const stores = openStores(place.project.home);
  try {
    let quiet = 0;
    for (let waitedMs = 0; waitedMs < FINISH_MS_MAX; waitedMs += LOOK_MS) {
      quiet = (await isAtRest(stores)) ? quiet + 1 : 0;
      if (quiet >= 4) return true;
      await delay(LOOK_MS);
    }
    return false;
  } finally {
    await stores.close();
  }
}

async function isAtRest({ dags, runs }: ReturnType<typeof openStores>): Promise<boolean> {
  const open = (await dags.list()).some(
    (dag) =>
      dag.active.length > 0 ||
      (!dag.removed && dag.nextFire !== null) ||
      dag.windows.some((window) => window.open !== null),
  );
  if (open) return false;
  for (const state of ["queued", "running"] as const) {
    if ((await runs.list({ state, limit: 1 })).runs.length > 0) return false;
  }
  return true;
}
