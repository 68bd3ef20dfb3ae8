/**
 * `npm run simulate -- --seed N` replays one seed and tells all that happens in it; `npm run simulate:soak -- --seconds S`
 * or `--count N` simulates many, on all cores.
 */
import { parseArgs } from "node:util";
import { gapsOf } from "./coverage.ts";
import { distributionText, exercisedText, failureText } from "./report.ts";
import { simulate } from "./simulate.ts";
import { simulateMany } from "./workers.ts";

const USAGE = `Simulates the engine over faulty ports, in virtual time; a seed decides everything that happens.

  npm run simulate -- --seed 42                 one seed, with all that happens in it (--quiet: only how it ends)
  npm run simulate:soak -- --seconds 60         many seeds, until the time is up
  npm run simulate:soak -- --count 10000 --from 1   ... or all of these
`;

interface Given {
  readonly seed: string | undefined;
  readonly quiet: boolean;
  readonly count: string | undefined;
  readonly seconds: string | undefined;
  readonly from: string;
}

function given(): Given {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      quiet: { type: "boolean", default: false },
      count: { type: "string" },
      seconds: { type: "string" },
      from: { type: "string", default: "1" },
    },
  });
  return { seed: undefined, count: undefined, seconds: undefined, ...values };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`--${name} is '${text}'; a whole number is expected`);
  return value;
}

async function replay(seed: number, quiet: boolean): Promise<boolean> {
  const trace = (at: number, line: string): void => console.log(`${stamp(at)}  ${line}`);
  const outcome = await simulate(seed, quiet ? {} : { trace });
  const { violation } = outcome;
  if (violation === undefined) console.log(`seed ${seed} keeps every promise: ${JSON.stringify(outcome.stats)}`);
  else console.log(failureText({ seed, ...violation }));
  return violation === undefined;
}

const stamp = (at: number): string => new Date(at).toISOString().slice(5, 23).replace("T", " ");

async function soak({ from, count, seconds }: Given): Promise<boolean> {
  const start = performance.now();
  const summary = await simulateMany({
    from: wholeNumber("from", from),
    count: count === undefined ? Number.MAX_SAFE_INTEGER / 2 : wholeNumber("count", count),
    ...(seconds === undefined ? {} : { seconds: wholeNumber("seconds", seconds) }),
  });
  console.log(exercisedText(summary));
  console.log(distributionText(summary, (performance.now() - start) / 1_000));
  for (const failure of summary.failures) console.log(failureText(failure));
  for (const gap of gapsOf(summary)) console.log(`not exercised: ${gap}`);
  return summary.failures.length === 0;
}

async function main(): Promise<boolean> {
  const options = given();
  if (options.seed !== undefined) return replay(wholeNumber("seed", options.seed), options.quiet);
  if (options.count !== undefined || options.seconds !== undefined) return soak(options);
  console.log(USAGE);
  return false;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof RangeError || error instanceof TypeError ? error.message : error);
  process.exitCode = 2;
}
