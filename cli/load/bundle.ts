/**
 * Puts the code of a DAG file into one module: the author's own files and the part of Freshet that runs them. npm packages
 * stay outside and are found where the bundle runs. The same sources give the same bytes, wherever the project lies.
 */
import { hash } from "node:crypto";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, BuildResult, Message, Plugin } from "esbuild";
import type { Problem } from "../../shared/core/problem.ts";
import { problem, shownPath } from "./fault.ts";
import { DSL_URL, isAuthors, packageOf } from "./sources.ts";

/** Builds that run at the same time: the bundler is parallel by itself, and each result is held in memory. */
const BUILDS_MAX = 4;
/** Every sandbox that runs a task fetches the code and holds it in memory. */
export const BUNDLE_BYTES_MAX = 10 * 1024 * 1024;
/** Files that a refusal names. */
const LARGEST_TOLD = 3;
/** From where bundles lie in a home inside of the project (`.freshet/blobs/data/bundles`) up to the project. */
const UP = "../../../../";

/** The module that a bundle begins with; no file is named so. */
const ENTRY = "freshet-bundle-entry";
/** Under this name a source map knows Freshet's part of a bundle. */
const OWN_SOURCE = "node_modules/freshet/runtime.mjs";

const DSL = fileURLToPath(DSL_URL);
const RUNTIME = fileURLToPath(new URL("runtime.ts", DSL_URL));

export interface CodeBundle {
  readonly code: Uint8Array;
  /** SHA-256 of `code`, in hex. */
  readonly sha256: string;
}

export type BundleResult =
  | { readonly kind: "bundled"; readonly bundle: CodeBundle }
  | { readonly kind: "failed"; readonly problems: readonly Problem[] };

export interface BundleOptions {
  /** The project's folder, absolute. */
  readonly root: string;
  /** What paths in messages are relative to. */
  readonly cwd: string;
}

/** A bundle for each DAG file (absolute), in their order. */
export async function bundleFiles(files: readonly string[], options: BundleOptions): Promise<readonly BundleResult[]> {
  const results: BundleResult[] = [];
  const left = [...files.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, file] = next;
      results[index] = await bundleFile(file, options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(BUILDS_MAX, files.length) }, work));
  return results;
}

async function bundleFile(file: string, { root, cwd }: BundleOptions): Promise<BundleResult> {
  const built = await build(file, root, cwd, { sourcemap: "external", sourcesContent: false, metafile: true });
  if ("problems" in built) return { kind: "failed", problems: built.problems };
  const [map, code] = [".map", ".mjs"].map((ending) =>
    built.result.outputFiles?.find(({ path }) => path.endsWith(ending)),
  );
  const text = `${code?.text ?? ""}${sourceMapComment(map?.text ?? "{}", root)}\n`;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > BUNDLE_BYTES_MAX) {
    return { kind: "failed", problems: [tooLarge(bytes.length, built.result, shownPath(cwd, file))] };
  }
  return { kind: "bundled", bundle: { code: bytes, sha256: hash("sha256", bytes) } };
}

function tooLarge(bytes: number, { metafile }: BuildResult, file: string): Problem {
  const parts = Object.entries(metafile?.outputs ?? {})
    .filter(([name]) => name.endsWith(".mjs"))
    .flatMap(([, { inputs }]) => Object.entries(inputs))
    .toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
  const largest = parts.slice(0, LARGEST_TOLD).map(([name, { bytesInOutput }]) => `${name} ${mb(bytesInOutput)}`);
  return problem(
    "LOAD014",
    `the code of ${file} takes ${mb(bytes)}; at most ${mb(BUNDLE_BYTES_MAX)} are allowed: the largest are ${largest.join(", ")}`,
    { file, line: 1, column: 1 },
    "keep data in storage and read it in a task, or make an npm package of it",
  );
}

const mb = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

/** What a build of the bundler failed for; none if it did not. */
async function problemsOf(
  building: () => Promise<unknown>,
  problemOf: (message: Message) => Problem,
): Promise<readonly Problem[]> {
  try {
    await building();
    return [];
  } catch (error) {
    const { errors = [] } = error as { readonly errors?: readonly Message[] };
    if (errors.length === 0) throw error;
    return errors.map(problemOf);
  }
}

/** All that a DAG file is made of, what it imports only while it runs included; the problems if it cannot be bundled. */
export async function sourcesByBundler(
  file: string,
  { root, cwd }: BundleOptions,
): Promise<
  | { readonly sources: readonly string[]; readonly packages: readonly string[] }
  | { readonly problems: readonly Problem[] }
> {
  const built = await build(file, root, cwd, { metafile: true });
  if ("problems" in built) return built;
  const sources = new Set([file]);
  const packages = new Set<string>();
  for (const [name, { imports }] of Object.entries(built.result.metafile?.inputs ?? {})) {
    const path = isAbsolute(name) ? name : join(root, name);
    if (!isAuthors(path) || name.endsWith(ENTRY) || name.endsWith(OWN_PART)) continue;
    sources.add(path);
    for (const { path: wanted, external } of imports) {
      if (external === true && !wanted.startsWith("node:")) packages.add(packageNamed(wanted, path));
    }
  }
  return { sources: [...sources], packages: [...packages].toSorted() };
}

/** `name@version` of the package that an import from this file means. */
function packageNamed(specifier: string, from: string): string {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    const found = packageOf(join(folder, "node_modules", name, "index.js"));
    if (found.startsWith(`${name}@`)) return found;
  }
  return name;
}

type Built = { readonly result: BuildResult } | { readonly problems: readonly Problem[] };

const COMMON: BuildOptions = {
  write: false,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  packages: "external",
  // As Node does it: types are taken out, and every import that is left is one.
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, target: "esnext", useDefineForClassFields: true } },
  // Comments would name the folders of this machine.
  minifyWhitespace: true,
  legalComments: "none",
  charset: "utf8",
  logLevel: "silent",
};

async function build(file: string, root: string, cwd: string, extra: BuildOptions): Promise<Built> {
  const { build: esbuild } = await import("esbuild"); // Costs time to load, and a load without news needs none.
  const entry = `import * as file from ${JSON.stringify(`./${basename(file)}`)};
    import { bundle } from ${JSON.stringify(OWN_PART)};
    export default bundle([file]);`;
  let result: BuildResult | undefined;
  const building = async (): Promise<void> => {
    result = await esbuild({
      ...COMMON,
      stdin: { contents: entry, resolveDir: dirname(file), sourcefile: join(root, ENTRY), loader: "js" },
      absWorkingDir: root,
      outfile: join(root, "bundle.mjs"),
      plugins: [ownPart(await ownPartText())],
      ...extra,
    });
  };
  const problems = await problemsOf(building, (message) => bundleProblem(message, file, root, cwd));
  return result === undefined ? { problems } : { result };
}

/** What a bundle's entry imports Freshet's part by; an author cannot. */
const OWN_PART = "freshet:runtime";

/** `import ... from "freshet"` is the Freshet that runs, and a part of the bundle. */
const ownPart = (contents: string): Plugin => ({
  name: "freshet",
  setup(builder) {
    builder.onResolve({ filter: /^freshet$/ }, () => ({ path: OWN_PART, namespace: "freshet" }));
    builder.onResolve({ filter: /^freshet:runtime$/ }, ({ importer }) =>
      importer.endsWith(ENTRY) ? { path: OWN_PART, namespace: "freshet" } : undefined,
    );
    builder.onLoad({ filter: /^freshet:runtime$/, namespace: "freshet" }, () => ({ contents, loader: "js" }));
  },
});

let ownPartBuilt: Promise<string> | undefined;

/** Freshet's part, built once: the same in every bundle. */
async function ownPartText(): Promise<string> {
  ownPartBuilt ??= buildOwnPart();
  return ownPartBuilt;
}

async function buildOwnPart(): Promise<string> {
  const { build: esbuild } = await import("esbuild");
  const contents = `export * from ${JSON.stringify(DSL)}; export { bundle } from ${JSON.stringify(RUNTIME)};`;
  const { outputFiles } = await esbuild({ ...COMMON, stdin: { contents, resolveDir: dirname(DSL), loader: "js" } });
  return outputFiles?.[0]?.text ?? "";
}

function bundleProblem({ text, location }: Message, file: string, root: string, cwd: string): Problem {
  const path = location === null ? file : join(root, location.file);
  const at = { file: shownPath(cwd, path), line: location?.line ?? 1, column: (location?.column ?? 0) + 1 };
  return problem(
    "LOAD008",
    `${at.file} cannot be bundled: ${text}`,
    at,
    "tasks run from one file that holds all of their code",
  );
}

/**
 * The map, with sources named so that a stack trace leads into the project where the home is in it, and that say the same
 * on every machine.
 */
function sourceMapComment(text: string, root: string): string {
  const map = JSON.parse(text) as { sources?: readonly string[] };
  const sources = (map.sources ?? []).map((source) => {
    const name = source.includes(OWN_PART) ? OWN_SOURCE : relative(root, join(root, source));
    return `${UP}${name.split(sep).join("/")}`;
  });
  const encoded = Buffer.from(JSON.stringify({ ...map, sources })).toString("base64");
  return `//# sourceMappingURL=data:application/json;base64,${encoded}`;
}
