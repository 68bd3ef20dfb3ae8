import { globSync } from "node:fs";
import { join } from "node:path";
import { cruise, type IConfiguration, type ICruiseResult, type IViolation } from "dependency-cruiser";
import extractDepcruiseConfig from "dependency-cruiser/config-utl/extract-depcruise-config";

const CONFIG = join(import.meta.dirname, "../../.dependency-cruiser.mjs");
const SOURCES =
  "{bench,cli,console,dags,infra,lambdas,localstack,scripts,shared,test}/**/*.{ts,mts,cts,tsx,js,mjs,cjs,jsx}";

export interface Fault {
  readonly rule: string;
  readonly from: string;
  /** What it imports; for a cycle, the way round. */
  readonly to: string;
}

export interface Cruise {
  readonly rules: readonly string[];
  readonly modules: number;
  readonly dependencies: number;
  readonly faults: readonly Fault[];
  /** Sources on disk that the checker did not read: it would have let anything pass in them. */
  readonly unread: readonly string[];
}

/** Checks the imports of the tree at `root` against the project's table. */
export async function cruiseTree(root: string): Promise<Cruise> {
  const { options, ...ruleSet }: IConfiguration = await extractDepcruiseConfig(CONFIG);
  const { output } = await cruise(["."], { ...options, ruleSet, validate: true, baseDir: root });
  if (typeof output === "string") throw new TypeError("expected the checker's result as data");
  return summary(root, output);
}

function summary(root: string, { modules, summary: totals }: ICruiseResult): Cruise {
  const sources = modules.filter(({ coreModule }) => coreModule !== true).map(({ source }) => source);
  const own = new Set(sources.filter((source) => !source.includes("node_modules")));
  const onDisk = globSync(SOURCES, { cwd: root, exclude: ["**/node_modules/**", "dags/data/**"] });
  return {
    rules: (totals.ruleSetUsed?.forbidden ?? []).flatMap(({ name }) => name ?? []),
    modules: own.size,
    dependencies: totals.totalDependenciesCruised ?? 0,
    faults: totals.violations.map(faultOf),
    unread: onDisk.map((path) => path.replaceAll("\\", "/")).filter((path) => !own.has(path)),
  };
}

function faultOf({ rule, from, to, cycle }: IViolation): Fault {
  return { rule: rule.name, from, to: cycle === undefined ? to : cycle.map(({ name }) => name).join(" → ") };
}
