/** What an author is told when a file of theirs throws or cannot be read as it is loaded. */
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { didYouMean, nearest, type Problem, type SourcePlace } from "../../shared/core/problem.ts";
import type { LoadCode } from "./codes.ts";
import type { FoundPlace, Impurity } from "./impurity.ts";

export interface FaultContext {
  /** The DAG file, as a path. */
  readonly file: string;
  /** What paths are shown relative to. */
  readonly cwd: string;
  readonly isAuthors: (address: string) => boolean;
  /** The author's files that the DAG file imports, itself first. */
  readonly sources: readonly string[];
}

/** Frames of an error that are kept: its place may lie below a deep library. */
export const STACK_FRAMES = 50;

/** The path as the person would type it. */
export function shownPath(cwd: string, path: string): string {
  if (sep === "/" && path.startsWith(`${cwd}/`)) return path.slice(cwd.length + 1); // As ever, and much faster.
  return relative(cwd, path).split(sep).join("/") || ".";
}

export function problem(
  code: LoadCode,
  message: string,
  at: SourcePlace,
  help: string,
  level: Problem["level"] = "error",
): Problem {
  return { code, level, message, at, help };
}

/** The problem that a file's error amounts to. `thrown` is whatever the import rejected with. */
export function loadFault(thrown: unknown, context: FaultContext): Problem {
  const error = thrown instanceof Error ? (thrown as NodeJS.ErrnoException) : undefined;
  switch (error?.code) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return unsupported(error, context);
    case "ERR_INVALID_TYPESCRIPT_SYNTAX":
      return unparsable(error, context);
    case "ERR_MODULE_NOT_FOUND":
    case "MODULE_NOT_FOUND":
      return notFound(error, context);
    case undefined:
    default:
      if (error === undefined) return threw(`${typeof thrown} ${text(thrown)}`, undefined, context);
      if (/does not provide an export named/.test(error.message)) return notExported(error, context);
      return error instanceof SyntaxError && stackPlace(error, context) === undefined
        ? unparsable(error, context)
        : threw(`${error.name}: ${error.message}`, stackPlace(error, context), context);
  }
}

function text(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

const startOf = ({ file, cwd }: FaultContext): SourcePlace => ({ file: shownPath(cwd, file), line: 1, column: 1 });

function threw(what: string, at: SourcePlace | undefined, context: FaultContext): Problem {
  const file = shownPath(context.cwd, context.file);
  const help = "the code outside of the tasks may only define things: what may fail belongs into a task";
  return problem("LOAD001", `${file} throws while it is loaded: ${what}`, at ?? startOf(context), help);
}

function unsupported(error: Error, context: FaultContext): Problem {
  const what = error.message.replace(/^TypeScript /, "").replace(/ is not supported in strip-only mode.*$/s, "");
  const at = headPlace(error, context);
  const help = /enum/.test(what)
    ? 'write `const Color = { Red: "red" } as const` instead'
    : /parameter property/.test(what)
      ? "declare the field in the class, and assign it in the constructor"
      : "use a form that is plain JavaScript once the types are taken out";
  return problem(
    "LOAD006",
    `${at.file}: Node cannot run TypeScript's ${what}: it takes out types and compiles nothing`,
    at,
    help,
  );
}

function unparsable(error: Error, context: FaultContext): Problem {
  const at = headPlace(error, context);
  return problem(
    "LOAD005",
    `${at.file} cannot be parsed: ${error.message}`,
    at,
    "the mistake may be a little before this place",
  );
}

/** `file:///…/sales.dag.ts:3`, the line, and `^^^` below what is wrong in it. */
function headPlace(error: Error, context: FaultContext): SourcePlace {
  const lines = (error.stack ?? "").split("\n");
  const [, address, line] = /^(file:\/\/.*?|\/.*?):(\d+)$/.exec(lines[0] ?? "") ?? [];
  if (address === undefined) return startOf(context);
  const carets = lines.find((candidate) => /^\s*\^+\s*$/.test(candidate));
  return { file: shownAddress(address, context), line: Number(line), column: (carets?.indexOf("^") ?? 0) + 1 };
}

const shownAddress = (address: string, { cwd }: FaultContext): string =>
  shownPath(cwd, address.startsWith("file:") ? fileURLToPath(address) : address);

const shownPlace = ({ address, line, column }: FoundPlace, context: FaultContext): SourcePlace => ({
  file: shownAddress(address, context),
  line,
  column,
});

const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/|\/)[^()]*?):(\d+):(\d+)\)?$/;

/** The first frame in a file of the author's. */
export function stackPlace(error: Error, context: FaultContext): SourcePlace | undefined {
  for (const line of (error.stack ?? "").split("\n")) {
    const [, address = "", row, column] = FRAME.exec(line.trim()) ?? [];
    if (address === "" || !context.isAuthors(address)) continue;
    return shownPlace({ address, line: Number(row), column: Number(column) }, context);
  }
  return undefined;
}

function notFound(error: Error, context: FaultContext): Problem {
  const [, kind, wanted = "", importer = context.file] =
    /^Cannot find (package|module) '(.+?)'(?: imported from (.+))?/.exec(error.message) ?? [];
  const from = importer.startsWith("file:") ? fileURLToPath(importer) : importer;
  if (kind === "package") {
    const at = importPlace(from, context, (specifier) => specifier === wanted || specifier.startsWith(`${wanted}/`));
    const help = `install it: npm install ${wanted}`;
    return problem("LOAD007", `${at.file} imports '${wanted}', which is not installed`, at, help);
  }
  if (wanted === context.file) {
    const file = shownPath(context.cwd, wanted);
    const message = `${file} cannot be read: it is a link to a file that does not exist`;
    return problem("LOAD009", message, { file, line: 1, column: 1 }, "remove the link, or mend it");
  }
  const at = importPlace(
    from,
    context,
    (specifier) => specifier.startsWith(".") && join(dirname(from), specifier) === wanted,
  );
  const message = `${at.file} imports ${shownPath(context.cwd, wanted)}, which does not exist`;
  return problem("LOAD007", message, at, missingFileHelp(from, wanted));
}

/** Forgotten extensions first, then slips of the finger. */
function missingFileHelp(from: string, wanted: string): string {
  const names = namesIn(dirname(wanted));
  const written = (name: string): string => {
    const path = shownPath(dirname(from), join(dirname(wanted), name));
    return path.startsWith(".") ? path : `./${path}`;
  };
  const bare = basename(wanted, extname(wanted) === ".js" ? ".js" : "");
  const withExtension = [".ts", ".mts", ".js", ".mjs", ".json"]
    .map((ending) => `${bare}${ending}`)
    .find((name) => names.includes(name));
  const name = withExtension ?? nearest(basename(wanted), names);
  if (name === undefined) return "create the file, or correct the import";
  return `import "${written(name)}"${withExtension === undefined ? "" : ": Node wants the extension"}`;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function notExported(error: Error, context: FaultContext): Problem {
  const [, specifier = "", name = ""] = /'(.+?)' does not provide an export named '(.+?)'/.exec(error.message) ?? [];
  const importer = context.sources.find(
    (source) => importLine(source, (given) => given === specifier, name) !== undefined,
  );
  const from = importer ?? context.file;
  const at = importPlace(from, context, (given) => given === specifier, name);
  const target = specifier.startsWith(".") ? readText(join(dirname(from), specifier)) : "";
  const message = `${at.file} imports '${name}' from "${specifier}", which does not export that`;
  const isType = new RegExp(String.raw`\b(type|interface)\s+${name}\b`).test(target);
  const exported = [...target.matchAll(/export\s+(?:async\s+)?(?:const|let|var|function\*?|class)\s+([\w$]+)/g)].map(
    (match) => match[1] ?? "",
  );
  const help = isType
    ? `it is a type: write \`import type { ${name} }\``
    : `correct the name, or export it there${didYouMean(name, exported)}`;
  return problem("LOAD007", message, at, help);
}

/** Where `from` imports what is wanted; the start of the file if the import is not written out. */
function importPlace(
  from: string,
  context: FaultContext,
  isWanted: (specifier: string) => boolean,
  name?: string,
): SourcePlace {
  return { file: shownPath(context.cwd, from), ...(importLine(from, isWanted, name) ?? { line: 1, column: 1 }) };
}

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])(.+?)\1/g;

function importLine(
  path: string,
  isWanted: (specifier: string) => boolean,
  name?: string,
): { line: number; column: number } | undefined {
  const source = readText(path);
  for (const match of source.matchAll(IMPORT)) {
    if (!isWanted(match[2] ?? "")) continue;
    const statement = source.lastIndexOf("import", match.index + "import".length);
    const named =
      name === undefined
        ? -1
        : source.slice(Math.max(0, statement), match.index).search(new RegExp(String.raw`\b${name}\b`));
    if (name !== undefined && named < 0) continue;
    const offset = name === undefined ? match.index + match[0].search(/["']/) : statement + named;
    const before = source.slice(0, offset).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
  return undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const IMPURE: Readonly<Record<string, readonly [string, string]>> = {
  LOAD010: ["the clock", "in a task, take the time from `ctx.interval` or `ctx.logicalDate`"],
  LOAD011: ["randomness", "every load would define something else: move it into a task, or write the value down"],
  LOAD012: ["the environment", "read it inside of a task, or make it a param: other machines load this file too"],
};

/** A warning: it may be harmless, and only its author can tell. */
export function impurityProblem({ code, what, at }: Impurity, context: FaultContext): Problem {
  const [about, help] = IMPURE[code] ?? ["what changes", ""];
  const place = shownPlace(at, context);
  return problem(code, `${place.file} uses ${about} while it is loaded: ${what}`, place, help, "warning");
}
