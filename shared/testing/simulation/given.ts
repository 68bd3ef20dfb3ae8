/** Reads what was said of a period, and finds everything that is wrong with it in one pass. */
import { FreshetError } from "../../core/errors.ts";
import type { Manifest, ScheduleSpec } from "../../core/manifest.ts";
import { didYouMean } from "../../core/problem.ts";
import { nextFiring, type Firing } from "../../core/schedule/schedule.ts";
import { plus, type Instant } from "../../core/time.ts";
import { readArrivals } from "./arrivals.ts";
import { readBehaviours } from "./behaviours.ts";
import { isWithin, probability, readTime, type Complain, type OptionName, type Span } from "./checks.ts";
import type { SimulateOptions } from "./options.ts";
import type { Period } from "./period.ts";
import { readWidths, withPools } from "./sizes.ts";

/** Runs that one simulation may come to. */
const SIMULATED_RUNS_MAX = 20_000;

const SEED_DEFAULT = 1;

const KNOWN: Readonly<Record<keyof SimulateOptions, true>> = {
  from: true,
  to: true,
  seed: true,
  outcomes: true,
  fail: true,
  durations: true,
  lostWorker: true,
  starts: true,
  arrivals: true,
  pools: true,
  widths: true,
  params: true,
};

/** Throws USAGE with all that is wrong; `before` has what was wrong already before it was read as options. */
export function readPeriod(
  manifest: Manifest,
  options: SimulateOptions,
  nameOf: OptionName = (option) => option,
  before: readonly string[] = [],
): Period {
  const faults = [...before];
  const complain: Complain = (option, message) => void faults.push(`${nameOf(option)}: ${message}`);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) faults.push(`there is no option '${name}'${didYouMean(name, Object.keys(KNOWN))}`);
  }
  const span = readSpan(manifest, options, complain);
  const starts = (options.starts ?? []).flatMap((text) => readStart(manifest, text, span, complain) ?? []);
  const arrivals = readArrivals(manifest, options.arrivals ?? [], span, complain);
  const firings = span === undefined || manifest.schedule === null ? [] : firingsIn(manifest.schedule, span, complain);
  if (manifest.schedule === null && (options.starts ?? []).length + (options.arrivals ?? []).length === 0)
    faults.push(nothingStarts(manifest, nameOf));
  const behaviours = readBehaviours(manifest, options, complain);
  const simulated = withPools(alone(manifest), options.pools, complain);
  const widths = readWidths(manifest, options.widths, complain);
  const seed = readSeed(options.seed, complain);
  const lostWorker = probability("lostWorker", "", options.lostWorker ?? 0, complain);
  if (span === undefined || faults.length > 0) throw usage(manifest, faults);
  const params = { ...manifest.params?.defaults, ...options.params };
  return { manifest: simulated, ...span, seed, firings, starts, params, arrivals, behaviours, lostWorker, widths };
}

/** Other DAGs are not there: a task that runs one is a task like any other, which takes as long. */
const alone = (manifest: Manifest): Manifest => ({
  ...manifest,
  tasks: manifest.tasks.map((task) => ({ ...task, child: null })),
});

function usage({ dagId }: Manifest, faults: readonly string[]): FreshetError {
  const [only = ""] = faults;
  const message =
    faults.length === 1 ? only : `${faults.length} mistakes:\n${faults.map((fault) => `- ${fault}`).join("\n")}`;
  return new FreshetError("USAGE", `dag '${dagId}' cannot be simulated so; ${message}`);
}

function readSpan(manifest: Manifest, { from, to }: SimulateOptions, complain: Complain): Span | undefined {
  const start = readTime(manifest, "from", from, complain);
  const end = readTime(manifest, "to", to, complain);
  if (start === undefined || end === undefined) return undefined;
  if (end.end > start.at) return { from: start.at, until: end.end };
  complain("to", `the period ends before it starts: from ${from} to ${to}`);
  return undefined;
}

function readStart(manifest: Manifest, text: string, span: Span | undefined, complain: Complain): Instant | undefined {
  const time = readTime(manifest, "starts", text, complain);
  if (time === undefined || span === undefined) return undefined;
  return isWithin("starts", time.at, span, complain) ? time.at : undefined;
}

function firingsIn(schedule: ScheduleSpec, { from, until }: Span, complain: Complain): readonly Firing[] {
  const firings: Firing[] = [];
  for (
    let next = nextFiring(schedule, plus(from, -1));
    next !== null && next.due < until;
    next = nextFiring(schedule, next.due)
  ) {
    firings.push(next);
    if (firings.length <= SIMULATED_RUNS_MAX) continue;
    complain("to", `the schedule fires more than ${SIMULATED_RUNS_MAX} times by then; choose a shorter period`);
    return firings;
  }
  return firings;
}

function nothingStarts({ triggers }: Manifest, nameOf: OptionName): string {
  const way =
    triggers.length === 0
      ? `say when somebody starts one, with ${nameOf("starts")}`
      : `let files arrive for '${triggers.map(({ triggerId }) => triggerId).join("' or '")}', with ${nameOf("arrivals")}, or say when somebody starts one, with ${nameOf("starts")}`;
  return `it has no schedule, so no run would start: ${way}, or give it a schedule`;
}

function readSeed(seed: unknown, complain: Complain): number {
  if (seed === undefined) return SEED_DEFAULT;
  if (typeof seed === "number" && Number.isSafeInteger(seed) && seed >= 0) return seed;
  complain("seed", `it is ${JSON.stringify(seed)}; expected a whole number from 0`);
  return SEED_DEFAULT;
}
