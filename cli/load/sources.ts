/** Which files and packages a DAG file is made of, seen as Node resolves its imports. */
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { shownPath } from "./fault.ts";
import type { Source } from "./protocol.ts";

/** Freshet's own folders: what lies in them is not the author's, wherever Freshet itself lies. */
const OWN = ["../../shared/", "../"].map((folder) => new URL(folder, import.meta.url).href);
/** What `import ... from "freshet"` gives: the Freshet that runs, whatever is installed beside the pipelines. */
export const DSL_URL = new URL("../../shared/dsl/index.ts", import.meta.url).href;

/** Whether a file, by its address or path, was written by the author of the pipelines. */
export function isAuthors(address: string): boolean {
  const url = address.startsWith("file:") ? address : isAbsolute(address) ? pathToFileURL(address).href : "";
  return url !== "" && !url.includes("/node_modules/") && !OWN.some((folder) => url.startsWith(folder));
}

export interface SourceGraph {
  /** Everything that the file, given by its path, imports, itself first. */
  closure(file: string): { readonly sources: readonly string[]; readonly packages: readonly string[] };
  /** What the file at this path has on disk; undefined if it cannot be read. */
  contentOf(path: string): SourceContent | undefined;
}

export interface SourceContent {
  readonly sha256: string;
  /** It has an `import()`. */
  readonly open: boolean;
  readonly text: string;
}

interface Imports {
  readonly files: Set<string>;
  readonly packages: Set<string>;
}

/**
 * From here on, "freshet" is this Freshet, the author's `.ts` files are modules whatever their package.json says, and what
 * each of their files imports is remembered.
 */
export function recordSources(): SourceGraph {
  const graph = new Map<string, Imports>();
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "freshet") return { url: DSL_URL, format: "module-typescript", shortCircuit: true };
      const resolved = next(specifier, context);
      const { parentURL } = context;
      if (parentURL !== undefined && isAuthors(parentURL)) remember(graph, parentURL, resolved.url);
      if (!resolved.url.endsWith(".ts") || !isAuthors(resolved.url)) return resolved;
      return { ...resolved, format: "module-typescript" };
    },
  });
  const contents = new Map<string, SourceContent | undefined>();
  return {
    closure: (file) => closure(graph, file),
    contentOf(path) {
      if (!contents.has(path)) contents.set(path, readContent(path));
      return contents.get(path);
    },
  };
}

function remember(graph: Map<string, Imports>, parentURL: string, url: string): void {
  if (!url.startsWith("file:")) return; // Node's own.
  const parent = fileURLToPath(parentURL);
  let imports = graph.get(parent);
  if (imports === undefined) graph.set(parent, (imports = { files: new Set(), packages: new Set() }));
  const path = fileURLToPath(url);
  if (isAuthors(url)) imports.files.add(path);
  else if (url.includes("/node_modules/")) imports.packages.add(packageOf(path));
}

function closure(graph: Map<string, Imports>, file: string): ReturnType<SourceGraph["closure"]> {
  const sources = new Set([file]);
  const packages = new Set<string>();
  for (const source of sources) {
    // A set that grows while it is walked: what was added is walked too.
    const imports = graph.get(source);
    for (const next of imports?.files ?? []) sources.add(next);
    for (const name of imports?.packages ?? []) packages.add(name);
  }
  return { sources: [...sources], packages: [...packages].toSorted() };
}

const packageNames = new Map<string, string>();

/** `name@version` of the package that a file in `node_modules` belongs to. */
export function packageOf(path: string): string {
  for (
    let folder = dirname(path);
    !folder.endsWith("node_modules") && folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    const known = packageNames.get(folder) ?? readPackageName(folder);
    if (known === undefined) continue;
    packageNames.set(folder, known);
    return known;
  }
  return path;
}

/** Undefined where there is none, or one that only says what kind of modules lie below. */
function readPackageName(folder: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
    return typeof name === "string" && typeof version === "string" ? `${name}@${version}` : undefined;
  } catch {
    return undefined;
  }
}

function readContent(path: string): SourceContent | undefined {
  try {
    const bytes = readFileSync(path);
    const text = bytes.toString("utf8");
    return { sha256: hash("sha256", bytes), open: /\bimport\s*\(/.test(text), text };
  } catch {
    return undefined; // Removed a moment ago: the next load will see.
  }
}

/** The sources by name (relative to the root, with `/`), in order, as far as they can still be read. */
export function namedSources(
  root: string,
  paths: readonly string[],
  sha256Of: (path: string) => string | undefined,
): readonly Source[] {
  const sources = paths.flatMap((path) => {
    const sha256 = sha256Of(path);
    return sha256 === undefined ? [] : [{ path: shownPath(root, path), sha256 }];
  });
  return sources.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
