/** `freshet dev`, once its scheduler runs: takes up DAG files and arriving objects until it is told to end. */
import { existsSync } from "node:fs";
import type { ArrivedObject } from "../../shared/core/attempt.ts";
import { durationText, parseInstant, type Instant } from "../../shared/core/time.ts";
import { watchBuckets, type BucketWatch } from "../../shared/embedded/files/watch-bucket.ts";
import { aborted } from "../aborted.ts";
import type { Invocation } from "../command.ts";
import { startRetention } from "../home/retention.ts";
import type { Scheduler } from "../home/scheduler.ts";
import { createDagLoader } from "../load/loader.ts";
import type { LoadResult } from "../load/result.ts";
import { watchDags, type DagWatch } from "../load/watch-dags.ts";
import { EXIT, type ExitCode } from "../output/failure.ts";
import { plural } from "../output/words.ts";
import { placeOf } from "../place.ts";
import type { Interrupts } from "../run/interrupts.ts";
import { createArrivals, interestsOf } from "./arrivals.ts";
import { printBanner, printWhatToTry } from "./banner.ts";
import { createDagFolder } from "./dag-folder.ts";
import type { Tell } from "./events.ts";
import { deliverSamples, findSamples } from "./first-sample.ts";
import type { Narrator } from "./narrator.ts";
import { settled } from "./settled.ts";

/** What is at work at the first Ctrl-C has this long to end by itself. */
const PATIENCE_MS = 10_000;
/** A newcomer is told what to try next after the first run, or after this time. */
const FIRST_RUN_MS_MAX = 30_000;

export interface DevOptions {
  readonly once?: boolean;
  readonly workers?: string;
  readonly window?: string;
  readonly keep?: string;
  readonly dataWindow?: string;
  /** Commander's form of `--no-schedules`. */
  readonly schedules?: boolean;
}

export interface Serving {
  readonly invocation: Invocation<DevOptions>;
  readonly scheduler: Scheduler;
  readonly narrator: Narrator;
  readonly tell: Tell;
  readonly interrupts: Interrupts;
  /** Arrival triggers wait at the most this long; undefined: as they are written. */
  readonly windowMs: number | undefined;
  /** How long what has ended is kept. */
  readonly keepMs: number | "all";
  /** How far back there is data; undefined: all of it. */
  readonly dataWindowMs: number | undefined;
  /** Nothing has ever been here. */
  readonly firstStart: boolean;
}

/** Until Ctrl-C; with `--once`, until nothing is left to do. Closes the scheduler in the end. */
export async function serve(serving: Serving): Promise<ExitCode> {
  const open: (() => Promise<void>)[] = [];
  try {
    return await serveUntilEnd(serving, (close) => void open.push(close));
  } finally {
    for (const close of open.toReversed()) await close();
    await closeScheduler(serving);
  }
}

async function serveUntilEnd(serving: Serving, onEnd: (close: () => Promise<void>) => void): Promise<ExitCode> {
  const { invocation, scheduler, narrator, tell, interrupts, windowMs, dataWindowMs, firstStart } = serving;
  const { terminal, project, cwd, json, options } = invocation;
  const schedules = options.schedules !== false;
  if (!json) printBanner(terminal.out, { project, cwd }, { windowMs, dataWindowMs, schedules });
  const buckets = await watchArrivals(serving);
  onEnd(() => buckets.close());
  forgetOldRuns(serving, onEnd);
  const { dags } = await takeUpDags(serving, buckets, onEnd);
  narrator.takeUp();
  const samples = await findSamples(project.dagsDir);
  const showsFirstRun = firstStart && samples.length > 0;
  if (showsFirstRun) {
    await deliverSamples(scheduler.stores.objects, samples);
    for (const { bucket, key } of samples) tell({ type: "note", text: `a first file for bucket ${bucket}: ${key}` });
  }
  if (options.once === true) {
    await processAll(serving, buckets, interrupts.first);
    return outcomeOf(serving);
  }
  if (showsFirstRun) {
    await processAll(serving, buckets, AbortSignal.any([interrupts.first, AbortSignal.timeout(FIRST_RUN_MS_MAX)]));
  }
  if (!json && !interrupts.first.aborted) {
    const manifests = dags.map(({ manifest }) => manifest);
    await printWhatToTry(terminal.out, { project, cwd }, manifests, samples);
  }
  await aborted(AbortSignal.any([interrupts.first, terminal.closed]));
  return EXIT.success;
}

/** Not `--once`, which is over before there is anything to forget. */
function forgetOldRuns(
  { invocation: { options }, scheduler: { engine, stores }, tell, keepMs }: Serving,
  onEnd: (close: () => Promise<void>) => void,
): void {
  if (keepMs === "all" || options.once === true) return;
  const onForgotten = ({ runs }: { readonly runs: number }): void => {
    const text = `${plural(runs, "run")} that ended more than ${durationText(keepMs)} ago forgotten, with logs and outputs (--keep)`;
    if (runs > 0) tell({ type: "note", text });
  };
  const onFault = (error: unknown): void =>
    tell({ type: "fault", id: "home", code: "RETENTION", message: textOf(error) });
  onEnd(startRetention({ stores, clock: engine.clock, keepMs, onForgotten, onFault }));
}

/** Registers all DAGs, and unless it is for once, whatever becomes of their files. */
async function takeUpDags(
  { invocation, scheduler: { engine }, tell, windowMs, dataWindowMs }: Serving,
  buckets: BucketWatch,
  onEnd: (close: () => Promise<void>) => void,
): Promise<LoadResult> {
  const { project, cwd, options } = invocation;
  const { dagsDir, home } = project;
  const place = placeOf({ project, cwd });
  const stays = options.once !== true;
  const loader = createDagLoader({ ...place, dagsDir, warm: stays });
  onEnd(() => loader.close());
  const schedules = options.schedules !== false;
  const folder = createDagFolder({ loader, engine, ...place, windowMs, dataWindowMs, schedules, tell });
  let files: DagWatch | undefined;
  const taken = async (loaded: LoadResult): Promise<LoadResult> => {
    files?.follow(loaded.sources); // They may lie elsewhere.
    await buckets.setInterests(await interestsOf(engine));
    return loaded;
  };
  if (stays && existsSync(dagsDir)) {
    const onFault = (error: unknown): void =>
      tell({ type: "fault", id: "dags", code: "WATCH", message: textOf(error) });
    const onChange = (changed: readonly string[]): void => {
      void folder
        .take(changed)
        .then(async (loaded) => loaded === undefined || taken(loaded))
        .catch(onFault);
    };
    const watch = await watchDags({ dagsDir, except: home.path, onChange, onFault });
    onEnd(() => watch.close());
    files = watch;
  }
  return taken(await folder.takeAll()); // Says it if there is no such folder.
}

async function watchArrivals({ scheduler: { engine, stores }, tell }: Serving): Promise<BucketWatch> {
  const startedAt = engine.clock.now();
  const arrivals = createArrivals(engine);
  return watchBuckets({
    root: stores.home.buckets,
    objects: stores.objects,
    interests: await interestsOf(engine),
    onObject: async (object) => {
      await arrivals.take(object);
      if (isNew(object, startedAt)) tell({ type: "arrived", object });
    },
    onFault: (error) => tell({ type: "fault", id: "buckets", code: "ARRIVAL", message: textOf(error) }),
  });
}

/** What lay there before is taken too, unless it was taken long ago; only what comes now is told. */
const isNew = ({ arrivedAt }: ArrivedObject, startedAt: Instant): boolean =>
  (parseInstant(arrivedAt) ?? startedAt) >= startedAt;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Everything that is there, and what follows from it. */
async function processAll({ scheduler, narrator }: Serving, buckets: BucketWatch, signal: AbortSignal): Promise<void> {
  await buckets.idle();
  await settled(scheduler, signal);
  await narrator.told();
}

function outcomeOf({ narrator, tell, interrupts }: Serving): ExitCode {
  if (interrupts.first.aborted) return EXIT.interrupted;
  const ends = [...narrator.ended().values()];
  if (ends.length === 0) tell({ type: "note", text: "there was nothing to process" });
  return ends.every((state) => state === "success") ? EXIT.success : EXIT.failure;
}

async function closeScheduler({ scheduler, narrator, tell, interrupts }: Serving): Promise<void> {
  const patience = AbortSignal.any([interrupts.second, AbortSignal.timeout(PATIENCE_MS)]);
  if (interrupts.first.aborted) tell({ type: "note", text: "ending; Ctrl-C again ends at once" });
  await narrator.told();
  narrator.close();
  await scheduler.close(patience);
  await narrator.told();
}
