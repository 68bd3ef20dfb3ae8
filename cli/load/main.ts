/** A loader process: imports the author's files, which may do there whatever they like, and reports what they define. */
import { writeSync } from "node:fs";
import { createRequire, flushCompileCache } from "node:module";
import { Socket } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { canonicalJson } from "../../shared/core/json.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Problem, SourcePlace } from "../../shared/core/problem.ts";
import { compileAll, type CompiledModule, type DagModule } from "../../shared/dsl/compile.ts";
import { placeOf } from "../../shared/dsl/compile/source-place.ts";
import { exportedDags } from "../../shared/dsl/members.ts";
import { createLineReader } from "../../shared/embedded/worker/protocol.ts";
import {
  impurityProblem,
  loadFault,
  problem,
  shownPath,
  STACK_FRAMES,
  stackPlace,
  type FaultContext,
} from "./fault.ts";
import { watchImpurities } from "./impurity.ts";
import { LOADER_IN_FD, LOADER_OUT_FD } from "./protocol.ts";
import type { FileReport, FromLoader, LoadedManifest, LoaderSettings, ToLoader } from "./protocol.ts";
import { isAuthors, namedSources, recordSources } from "./sources.ts";
import { codeHashOf, versionOfText } from "./version.ts";

const { root, cwd } = JSON.parse(process.argv[2] ?? "{}") as LoaderSettings;
const requireFile = createRequire(import.meta.url);
const graph = recordSources();
const impurities = watchImpurities(isAuthors);
/** The file on whose behalf things happen. */
let present: string | undefined;
/** What was thrown where nobody could catch it, since `present` began. */
let stray: Problem[] = [];

/** A report that waits to be written with whatever comes next: the next file begins, or this was the last. */
let unsent = "";

function send(message: Exclude<FromLoader, { t: "loaded" }>): void {
  const bytes = Buffer.from(`${unsent}${JSON.stringify(message)}\n`);
  unsent = "";
  for (let sent = 0; sent < bytes.length;) sent += writeSync(LOADER_OUT_FD, bytes, sent);
}

interface ManifestText extends Omit<LoadedManifest, "manifest"> {
  /** Canonical JSON. */
  readonly text: string;
}

/** The manifests, which are most of it, are JSON already: their versions are hashes of that. */
function sendReport(facts: Omit<FileReport, "dags">, dags: readonly ManifestText[]): void {
  const texts = dags.map(
    ({ text, version, at }) => `{"manifest":${text},"version":"${version}","at":${JSON.stringify(at)}}`,
  );
  unsent += `{"t":"loaded","report":${JSON.stringify(facts).slice(0, -1)},"dags":[${texts.join(",")}]}}\n`;
}

const contextOf = (file: string): FaultContext => ({ file, cwd, isAuthors, sources: graph.closure(file).sources });

async function load({ files, together }: ToLoader): Promise<void> {
  const loaded: Loaded[] = [];
  for (const file of files) {
    send({ t: "begin", file });
    const one = await importFile(file);
    loaded.push(one);
    if (!together) report([one]);
  }
  if (together) report(loaded);
  send({ t: "end" });
}

interface Loaded {
  readonly file: string;
  /** Undefined if it failed. */
  readonly exports: object | undefined;
  readonly problems: readonly Problem[];
  /** A file that is imported and not there. */
  readonly missing: string | undefined;
}

async function importFile(file: string): Promise<Loaded> {
  present = file;
  stray = [];
  let exports: object | undefined;
  let missing: string | undefined;
  const faults: Problem[] = [];
  impurities.start();
  try {
    exports = await importExports(file);
  } catch (error) {
    faults.push(loadFault(error, contextOf(file)));
    missing = missingFile(error);
  }
  const noted = impurities.stop().map((impurity) => impurityProblem(impurity, contextOf(file)));
  present = undefined;
  return { file, exports, problems: [...faults, ...stray, ...noted], missing };
}

function missingFile(error: unknown): string | undefined {
  const url = error instanceof Error && "url" in error ? error.url : undefined;
  return typeof url === "string" && url.startsWith("file:") ? fileURLToPath(url) : undefined;
}

/** At once if it can be: that is faster, and nothing else happens meanwhile. */
async function importExports(file: string): Promise<object> {
  try {
    return requireFile(file) as object;
  } catch (error) {
    if (!needsImport(error)) throw error;
    return (await import(pathToFileURL(file).href)) as object;
  }
}

/** It has an `await` outside of any function, or lies in a project whose package.json says `"type": "commonjs"`. */
const needsImport = (error: unknown): boolean =>
  error instanceof Error &&
  (("code" in error && error.code === "ERR_REQUIRE_ASYNC_MODULE") ||
    /^(?:Cannot use import statement outside a module|Unexpected token 'export')/.test(error.message));

function report(loaded: readonly Loaded[]): void {
  const modules: DagModule[] = [];
  for (const { file, exports } of loaded)
    if (exports !== undefined) modules.push({ file: shownPath(cwd, file), exports });
  const compiled = new Map(compileAll(modules).map((module) => [module.file, module]));
  for (const one of loaded) reportFile(one, compiled.get(shownPath(cwd, one.file)));
}

function reportFile({ file, exports, problems, missing }: Loaded, compiled: CompiledModule | undefined): void {
  const { sources, packages } = graph.closure(file);
  const contents = sources.map((path) => ({ path, content: graph.contentOf(path) }));
  const codeHash = codeHashOf(
    namedSources(root, sources, (path) => graph.contentOf(path)?.sha256),
    packages,
  );
  const places = placesOf(file, exports);
  const dags = (compiled?.manifests ?? []).map((bare): ManifestText => {
    const manifest: Manifest = { ...bare, codeHash };
    const text = canonicalJson(manifest);
    return { text, version: versionOfText(text), at: places.get(manifest.dagId) ?? null };
  });
  const wheres = contents.flatMap(({ path, content }) => whereProblem(path, content?.text ?? ""));
  const facts: Omit<FileReport, "dags"> = {
    file,
    problems: [...problems, ...(compiled?.problems ?? []), ...wheres],
    sources: missing === undefined ? sources : [...sources, missing],
    packages,
    open: contents.some(({ content }) => content?.open === true),
  };
  sendReport(facts, dags);
}

function placesOf(file: string, exports: object | undefined): ReadonlyMap<string, SourcePlace> {
  const places = new Map<string, SourcePlace>();
  for (const dag of exports === undefined ? [] : exportedDags(exports)) {
    const at = placeOf(dag.site, shownPath(cwd, file));
    if (typeof dag.id === "string" && at !== undefined) places.set(dag.id, at);
  }
  return places;
}

const WHERE = /\bimport\.meta\.(?:url|dirname|filename|resolve)\b|\b__dirname\b|\b__filename\b/;

/** In a bundle these name the bundle. Comments are no code, but who writes this in one will forgive a warning. */
function whereProblem(path: string, text: string): readonly Problem[] {
  const match = WHERE.exec(text);
  if (match === null) return [];
  const before = text.slice(0, match.index).split("\n");
  const at = { file: shownPath(cwd, path), line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  const help = 'import the data (`import rows from "./rows.json" with { type: "json" }`), or keep it in storage';
  const message = `${at.file} uses ${match[0]}, which does not name this file where tasks run`;
  return [problem("LOAD013", message, at, help, "warning")];
}

/** A timer or a promise that a file left behind. */
function onUncaught(thrown: unknown): void {
  const file = present;
  if (file === undefined) return; // After its report: it will do the same next time, perhaps sooner.
  stray.push(loadFault(thrown, contextOf(file)));
}

/** A file that ends the process is to be named; the exit itself goes its way. */
function onExit(code: number): void {
  if (present === undefined) return;
  const at = exitPlace ?? null;
  send({ t: "exit", file: present, code, at });
}

let exitPlace: SourcePlace | undefined;
const reallyExit = process.exit.bind(process);
process.exit = (code) => {
  if (present !== undefined) exitPlace = stackPlace(new Error("exit"), contextOf(present));
  return reallyExit(code);
};

Error.stackTraceLimit = STACK_FRAMES;
process.on("uncaughtException", onUncaught);
process.on("exit", onExit);
const input = new Socket({ fd: LOADER_IN_FD, readable: true, writable: false });
input.setEncoding("utf8");
input.on(
  "data",
  createLineReader((line) => {
    // A fault of ours: the author's are reported.
    load(JSON.parse(line) as ToLoader).catch((error: unknown) => send({ t: "broken", message: inspect(error) }));
  }),
);
input.on("close", () => {
  present = undefined;
  flushCompileCache();
  reallyExit();
});
input.on("error", () => undefined);
send({ t: "ready" });
