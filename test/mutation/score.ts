/**
 * The mutation score of the core, module by module, as it was recorded last: `score.json`.
 *
 *     node test/mutation/score.ts                  fails if the report that Stryker has just written is below it
 *     node test/mutation/score.ts --record [..]    writes it anew, from these reports of parts or from the last one
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const RECORDED = fileURLToPath(new URL("score.json", import.meta.url));
const REPORT = "tmp/mutation-report/mutation.json";

/** Mutants that a test noticed, of how many. */
export interface Count {
  readonly noticed: number;
  readonly of: number;
}

export interface Score {
  readonly total: Count;
  readonly modules: Readonly<Record<string, Count>>;
}

/** The part of a report in Stryker's own form that counts. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

const NOTICED = new Set(["Killed", "Timeout"]);
const COUNTED = new Set([...NOTICED, "Survived", "NoCoverage"]);

/** Of several reports of one module the last one counts. */
export function scoreOf(reports: readonly Report[]): Score {
  const found = new Map<string, Count>();
  for (const { files } of reports) {
    for (const [path, { mutants }] of Object.entries(files)) {
      const counted = mutants.filter(({ status }) => COUNTED.has(status));
      // Modules of types alone have nothing to mutate.
      if (counted.length === 0) continue;
      found.set(path, { noticed: counted.filter(({ status }) => NOTICED.has(status)).length, of: counted.length });
    }
  }
  const modules = Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { total: totalOf(modules), modules };
}

function totalOf(modules: Score["modules"]): Count {
  const sum = (name: keyof Count): number => Object.values(modules).reduce((total, count) => total + count[name], 0);
  return { noticed: sum("noticed"), of: sum("of") };
}

/** In percent. */
const percent = ({ noticed, of }: Count): number => (of === 0 ? 100 : (100 * noticed) / of);

const shown = (count: Count): string => `${percent(count).toFixed(1)} % (${count.noticed} of ${count.of})`;

export interface Comparison {
  readonly holds: boolean;
  readonly lines: readonly string[];
}

/**
 * It holds if what was recorded is noticed no worse as a whole, and no module was left out. Modules that fell are named, and
 * those that are new: they count from when they are recorded, and in the bound of `stryker.config.json` until then.
 */
export function compare(recorded: Score, measured: Score): Comparison {
  const lines: string[] = [];
  const left = Object.keys(recorded.modules).filter((path) => measured.modules[path] === undefined);
  for (const [path, now] of Object.entries(measured.modules)) {
    const before = recorded.modules[path];
    if (before === undefined) lines.push(`${path}: ${shown(now)}, not recorded yet`);
    else if (percent(now) < percent(before)) lines.push(`${path}: ${shown(now)}, was ${shown(before)}`);
  }
  for (const path of left) lines.push(`${path}: not measured, was ${shown(recorded.modules[path] as Count)}`);
  const same = Object.entries(measured.modules).filter(([path]) => recorded.modules[path] !== undefined);
  const total = totalOf(Object.fromEntries(same));
  const fell = percent(total) < percent(recorded.total);
  lines.push(`together: ${shown(total)}, recorded ${shown(recorded.total)}`);
  return { holds: !fell && left.length === 0, lines };
}

const read = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

/** Modules that are there no more count no more. */
function recordedStill(): Score {
  const { modules } = read<Score>(RECORDED);
  const there = new Set(globSync("shared/core/**/*.ts"));
  const mutants = ({ noticed, of }: Count) =>
    Array.from({ length: of }, (_, n) => ({ status: n < noticed ? "Killed" : "Survived" }));
  const still = Object.entries(modules).filter(([path]) => there.has(path));
  return scoreOf([{ files: Object.fromEntries(still.map(([path, count]) => [path, { mutants: mutants(count) }])) }]);
}

function main(): void {
  const { values, positionals } = parseArgs({ options: { record: { type: "boolean" } }, allowPositionals: true });
  const reports = positionals.length === 0 ? [REPORT] : positionals;
  const measured = scoreOf(reports.map((path) => read<Report>(path)));
  if (values.record === true) {
    writeFileSync(RECORDED, `${JSON.stringify(measured, null, 2)}\n`);
    console.log(`recorded ${shown(measured.total)}`);
    return;
  }
  const { holds, lines } = compare(recordedStill(), measured);
  console.log(lines.join("\n"));
  if (!holds) console.error("Mutants survive that tests noticed before. Their places: tmp/mutation-report/index.html.");
  process.exitCode = holds ? 0 : 1;
}

if (import.meta.main) main();
