/** The options of `freshet simulate` as the library takes them. What does not even have the form is told with all the rest. */
import type { SimulateOptions, SimulatedArrival, TaskScript, SimulatedOutcome } from "../../shared/testing/index.ts";

/** As commander gives them. */
export interface SimulateFlags {
  readonly from?: string;
  readonly to?: string;
  readonly fail?: readonly string[];
  readonly outcome?: readonly string[];
  readonly duration?: readonly string[];
  readonly lostWorker?: string;
  readonly start?: readonly string[];
  readonly arrive?: readonly string[];
  readonly pool?: readonly string[];
  readonly width?: readonly string[];
  readonly seed?: string;
  readonly params?: string;
}

export const FLAG_OF: Readonly<Record<keyof SimulateOptions, string>> = {
  from: "--from",
  to: "--to",
  seed: "--seed",
  outcomes: "--outcome",
  fail: "--fail",
  durations: "--duration",
  lostWorker: "--lost-worker",
  starts: "--start",
  arrivals: "--arrive",
  pools: "--pool",
  widths: "--width",
  params: "--params",
};

export interface GivenOptions {
  readonly options: SimulateOptions;
  readonly faults: readonly string[];
}

export function simulateOptionsOf(flags: SimulateFlags, params: SimulateOptions["params"]): GivenOptions {
  const faults: string[] = [];
  const each = <Value>(
    flag: string,
    texts: readonly string[] | undefined,
    sign: string,
    form: string,
    read: (text: string) => Value,
  ): { readonly [name: string]: Value } => {
    const found: { [name: string]: Value } = {};
    for (const text of texts ?? []) {
      const at = text.lastIndexOf(sign);
      const [name, value] = [text.slice(0, at), text.slice(at + 1)];
      if (at < 1 || value === "") faults.push(`${flag}: '${text}'; expected ${form}`);
      else if (Object.hasOwn(found, name)) faults.push(`${flag}: '${name}' is given twice`);
      else found[name] = read(value);
    }
    return found;
  };
  const options: SimulateOptions = {
    from: flags.from as string,
    to: flags.to as string,
    outcomes: each("--outcome", flags.outcome, "=", "TASK=success, TASK=fail or TASK=skip", scriptOf),
    fail: each("--fail", flags.fail, ":", "TASK:PROBABILITY, such as extract:0.1", numberOf),
    durations: each("--duration", flags.duration, "=", "TASK=DURATION, such as extract=5m±2m", (text) => text),
    pools: each("--pool", flags.pool, "=", "NAME=SLOTS, such as warehouse=2", numberOf),
    widths: each("--width", flags.width, "=", "TASK=ITEMS, such as shards=20", numberOf),
    starts: flags.start ?? [],
    arrivals: (flags.arrive ?? []).map(arrivalOf),
    ...(flags.seed === undefined ? {} : { seed: numberOf(flags.seed) }),
    ...(flags.lostWorker === undefined ? {} : { lostWorker: numberOf(flags.lostWorker) }),
    ...(params === undefined ? {} : { params }),
  };
  return { options, faults };
}

/** What is no number is left as it is: the message then shows what was given. */
const numberOf = (text: string): number => {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isNaN(value) ? (text as unknown as number) : value;
};

/** `fail`; `fail,fail,success` for one attempt after the other; `choose:left+right`, `proceed`, `stop`. */
function scriptOf(text: string): TaskScript {
  const [only, ...more] = text.split(",").map(outcomeOf);
  return only === undefined || more.length > 0 ? text.split(",").map(outcomeOf) : only;
}

function outcomeOf(text: string): SimulatedOutcome {
  if (text.startsWith("choose:")) return { choose: text.slice("choose:".length).split("+").filter(Boolean) };
  if (text === "proceed" || text === "stop") return { proceed: text === "proceed" };
  return text as SimulatedOutcome;
}

/** `TIME`, or `TRIGGER=TIME`. */
function arrivalOf(text: string): SimulatedArrival {
  const at = text.indexOf("=");
  return at < 0 ? { at: text } : { trigger: text.slice(0, at), at: text.slice(at + 1) };
}
