/**
 * How Stryker runs the tests of the core: in its own process. What costs the time elsewhere (a worker for each test file,
 * transforming and loading it) falls away; `--testRunner vitest` does the same in vitest itself, many times slower.
 */
import { globSync, readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext, type MutantCoverage } from "@stryker-mutator/api/core";
import { PluginKind, declareFactoryPlugin } from "@stryker-mutator/api/plugin";
import {
  DryRunStatus,
  TestStatus,
  determineHitLimitReached,
  toMutantRunResult,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
} from "@stryker-mutator/api/test-runner";
import { collect, type CollectedTest } from "./harness.ts";

/** Whatever is under this name is read by the mutated code. */
const active: InstrumenterContext = {};
Object.assign(globalThis, { [INSTRUMENTER_CONSTANTS.NAMESPACE]: active });

const HARNESS = new URL("./harness.ts", import.meta.url).href;
const SETUP = new URL("./setup.ts", import.meta.url).href;
const NOT_LOADED = "loading";
const REFERENCE = "test/reference/";
const TESTS = process.env["MUTATION_TESTS"]?.split(",") ?? ["shared/core/**/*.test.ts", `${REFERENCE}**/*.test.ts`];

/** The copy of the project that Stryker has mutated. */
interface Sandbox {
  readonly root: string;
  readonly core: readonly string[];
  readonly tests: readonly string[];
  /** Modules are loaded once for each of these numbers. */
  generations: number;
  loading: number;
  standing: World | undefined;
}

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, "core", coreRunner)];

coreRunner.inject = [] as const;
function coreRunner(): TestRunner {
  const root = process.cwd();
  const isTest = (path: string): boolean => path.endsWith(".test.ts");
  const sandbox: Sandbox = {
    root,
    core: globSync("shared/core/**/*.ts", { cwd: root }).filter((path) => !isTest(path)),
    tests: globSync([...TESTS], { cwd: root }).toSorted(),
    generations: 0,
    loading: 0,
    standing: undefined,
  };
  hook(sandbox);
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    init: async () => void (await import(SETUP)),
    dryRun: () => dryRun(sandbox),
    mutantRun: (options) => mutantRun(sandbox, options),
  };
}

function hook(sandbox: Sandbox): void {
  const base = pathToFileURL(`${sandbox.root}/`).href;
  const isOurs = (url: string | undefined): boolean =>
    url?.startsWith(base) === true && !url.includes("/node_modules/");
  const sources = new Map<string, string>();
  const sourceOf = (path: string): string => {
    const known = sources.get(path) ?? stripTypeScriptTypes(readFileSync(path, "utf8"));
    sources.set(path, known);
    return known;
  };
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "vitest" && isOurs(context.parentURL)) return { url: HARNESS, shortCircuit: true };
      const found = next(specifier, context);
      if (!isOurs(found.url) || found.url.includes("?")) return found;
      return { ...found, url: `${found.url}?${sandbox.loading}`, format: "module" };
    },
    load(url, context, next) {
      if (!isOurs(url) || !url.includes(".ts?")) return next(url, context);
      return { format: "module", source: sourceOf(fileURLToPath(url)), shortCircuit: true };
    },
  });
}

const load = (sandbox: Sandbox, path: string): Promise<unknown> =>
  import(`${pathToFileURL(join(sandbox.root, path)).href}?${sandbox.loading}`);

/** Everything loaded once, and the tests of the files that were asked for. */
interface World {
  readonly generation: number;
  readonly tests: Map<string, readonly CollectedTest[]>;
  /** Mutants that test files reached as they were loaded, without them: what a file makes once for all of its tests. */
  readonly madeAtLoad: Set<string>;
}

/** What modules compute as they are loaded is apart from what tests make them do. */
async function newWorld(sandbox: Sandbox): Promise<World> {
  const world: World = { generation: ++sandbox.generations, tests: new Map(), madeAtLoad: new Set() };
  sandbox.loading = world.generation;
  for (const path of sandbox.core) await load(sandbox, path);
  return world;
}

async function testsOf(sandbox: Sandbox, world: World, path: string): Promise<readonly CollectedTest[]> {
  sandbox.loading = world.generation;
  if (world === sandbox.standing && !world.tests.has(path)) return testsOfStanding(sandbox, world, path);
  const tests = world.tests.get(path) ?? (await collect(() => load(sandbox, path)));
  world.tests.set(path, tests);
  return tests;
}

/** What stands is loaded without any mutant: it serves them all. */
async function testsOfStanding(sandbox: Sandbox, world: World, path: string): Promise<readonly CollectedTest[]> {
  const before = { ...active };
  set({ currentTestId: path });
  try {
    const tests = await collect(() => load(sandbox, path));
    world.tests.set(path, tests);
    return tests;
  } finally {
    for (const id of Object.keys(counted.perTest[path] ?? {})) world.madeAtLoad.add(id);
    set(before);
  }
}

const idOf = (path: string, test: CollectedTest): string => `${path}#${test.name}`;
const fileOf = (id: string): string => id.slice(0, id.indexOf("#"));

/** Which tests reach which mutants. What a file does while it is loaded counts for each of its tests. */
async function dryRun(sandbox: Sandbox): Promise<DryRunResult> {
  const coverage: MutantCoverage = { static: {}, perTest: {} };
  const results: TestResult[] = [];
  for (const path of sandbox.tests) {
    set({ mutantCoverage: coverage });
    const world = await newWorld(sandbox);
    set({ mutantCoverage: coverage, currentTestId: path });
    const tests = await testsOf(sandbox, world, path);
    for (const test of tests) {
      set({ mutantCoverage: coverage, currentTestId: idOf(path, test) });
      results.push(await resultOf(sandbox, path, test));
    }
    const shared = coverage.perTest[path] ?? {};
    delete coverage.perTest[path];
    for (const test of tests) {
      const own = (coverage.perTest[idOf(path, test)] ??= {});
      for (const [id, hits] of Object.entries(shared)) own[id] = (own[id] ?? 0) + hits;
    }
  }
  return { status: DryRunStatus.Complete, tests: results, mutantCoverage: coverage };
}

/**
 * First in the world that is there already: a test that fails with the mutant and succeeds without it has noticed it. What
 * was not reached there, or spoilt that world, is tried in a new one, where nothing is kept from before.
 */
async function mutantRun(sandbox: Sandbox, options: MutantRunOptions): Promise<MutantRunResult> {
  if (options.mutantActivation === "runtime") {
    set({});
    sandbox.standing ??= await newWorld(sandbox);
    const quick = await tryMutant(sandbox, sandbox.standing, options);
    const killer = quick.tests.at(-1);
    const reached = active.hitCount ?? 0;
    set({});
    const noticed = killer?.status === TestStatus.Failed;
    const madeAtLoad = sandbox.standing.madeAtLoad.has(options.activeMutant.id);
    if (noticed && (await succeeds(sandbox, sandbox.standing, killer.id))) return toMutantRunResult(quick.ended);
    if (noticed) sandbox.standing = undefined;
    // What was reached has had its chance, unless files made something with it as they were loaded; what was not was kept
    // from before. Both are reached in a new world only.
    else if (reached > 0 && !madeAtLoad) return toMutantRunResult(quick.ended);
  }
  set(options.mutantActivation === "static" ? activationOf(options) : {});
  try {
    return toMutantRunResult((await tryMutant(sandbox, await newWorld(sandbox), options)).ended);
  } catch (error) {
    return toMutantRunResult({ status: DryRunStatus.Complete, tests: [notLoaded(error)] });
  }
}

/** With some mutants the modules cannot even be loaded. */
const notLoaded = (error: unknown): TestResult => ({
  ...failed(error),
  id: NOT_LOADED,
  name: NOT_LOADED,
  timeSpentMs: 0,
});

const activationOf = ({ activeMutant, hitLimit }: MutantRunOptions): InstrumenterContext => ({
  activeMutant: activeMutant.id,
  hitCount: 0,
  ...(hitLimit === undefined ? {} : { hitLimit }),
});

/** Each module keeps where it counts from its first word on: outside of the first run of all tests it is always here. */
const counted: MutantCoverage = { static: {}, perTest: {} };

/** What is reached is counted, or one mutant is active, or neither. */
function set(state: InstrumenterContext): void {
  for (const key of ["activeMutant", "currentTestId", "hitCount", "hitLimit", "mutantCoverage"] as const)
    delete active[key];
  Object.assign(active, { mutantCoverage: counted }, state);
}

/** The tests that reach the mutant, up to the first that fails. */
async function tryMutant(sandbox: Sandbox, world: World, options: MutantRunOptions): Promise<Tried> {
  const { testFilter, hitLimit, sandboxFileName } = options;
  const chosen = testFilter === undefined ? undefined : new Set(testFilter);
  const files = chosen === undefined ? sandbox.tests : [...new Set([...chosen].map(fileOf))];
  set(activationOf(options));
  const tests: TestResult[] = [];
  for (const path of likeliestFirst(files, relative(sandbox.root, resolve(sandboxFileName)))) {
    let inFile: readonly CollectedTest[] = [];
    try {
      inFile = await testsOf(sandbox, world, path);
    } catch (error) {
      tests.push(notLoaded(error));
      return ended();
    }
    for (const test of inFile) {
      if (chosen?.has(idOf(path, test)) === false) continue;
      tests.push(await resultOf(sandbox, path, test));
      if (tests.at(-1)?.status === TestStatus.Failed) return ended();
    }
  }
  return ended();

  function ended(): Tried {
    const endless = determineHitLimitReached(active.hitCount, hitLimit);
    return { tests, ended: endless ?? { status: DryRunStatus.Complete, tests } };
  }
}

interface Tried {
  readonly tests: readonly TestResult[];
  readonly ended: DryRunResult;
}

async function succeeds(sandbox: Sandbox, world: World, id: string): Promise<boolean> {
  if (id === NOT_LOADED) return false;
  const path = fileOf(id);
  const test = (await testsOf(sandbox, world, path)).find((each) => idOf(path, each) === id);
  return test !== undefined && (await resultOf(sandbox, path, test)).status === TestStatus.Success;
}

/** The test beside the module, then those in its folder; what generates hundreds of cases comes last. */
function likeliestFirst(files: readonly string[], mutated: string): readonly string[] {
  const rank = (path: string): number => {
    if (path.startsWith(REFERENCE)) return 3;
    if (path === mutated.replace(/\.ts$/, ".test.ts")) return 0;
    return dirname(path) === dirname(mutated) ? 1 : 2;
  };
  return files.toSorted((a, b) => rank(a) - rank(b));
}

async function resultOf(sandbox: Sandbox, path: string, test: CollectedTest): Promise<TestResult> {
  const began = performance.now();
  const about = { id: idOf(path, test), name: test.name, fileName: join(sandbox.root, path) };
  try {
    await test.run();
    return { ...about, timeSpentMs: performance.now() - began, status: TestStatus.Success };
  } catch (error) {
    return { ...about, timeSpentMs: performance.now() - began, ...failed(error) };
  }
}

const failed = (error: unknown) =>
  ({ status: TestStatus.Failed, failureMessage: error instanceof Error ? error.message : String(error) }) as const;
