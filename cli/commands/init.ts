import { existsSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FreshetError } from "../../shared/core/errors.ts";
import { makeFolder } from "../../shared/embedded/make-folder.ts";
import { optional, type Execute } from "../command.ts";
import { projectFiles, type Needs } from "../init/files.ts";
import { EXIT } from "../output/failure.ts";
import { safeLine } from "../output/escape.ts";
import { printJson } from "../output/json.ts";
import { pathText } from "../output/words.ts";

/** Where this Freshet lies. */
const OWN = resolve(import.meta.dirname, "../..");

/** Writes only what is not there. Throws USAGE where nothing can be written. */
export const execute: Execute<object> = async ({ terminal, cwd, json, args }) => {
  const given = optional(args, 0) ?? ".";
  const folder = resolve(cwd, given);
  const files = projectFiles(packageName(folder), needs());
  const made: string[] = [];
  const left: string[] = [];
  for (const { path, text } of files) ((await writeNew(join(folder, path), text, given)) ? made : left).push(path);
  if (json) printJson(terminal.out, { folder, made, left });
  else {
    const { out } = terminal;
    for (const path of made) out.line(`made  ${path}`);
    for (const path of left) out.line(`left  ${path}, which is there already`);
    if (left.includes("package.json") && !dependsOnFreshet(folder)) out.line(ownPackageText());
    out.line("\nnext");
    if (folder !== cwd) out.line(`  cd ${safeLine(pathText(cwd, folder))}`);
    out.line("  npm install\n  npx freshet run readings\n  npx freshet dev");
  }
  return EXIT.success;
};

/** What cannot be read is npm's to complain about. */
function dependsOnFreshet(folder: string): boolean {
  return /"freshet"\s*:/.test(readFileSync(join(folder, "package.json"), "utf8"));
}

const ownPackageText = (): string => {
  const { dependencies, devDependencies } = needs();
  const named = (packages: Needs["dependencies"]): string =>
    Object.entries(packages)
      .map(([name, version]) => (version.startsWith("file:") ? version.slice("file:".length) : `${name}@${version}`))
      .join(" ");
  return `\nyour package.json needs "type": "module", and:\n  npm install ${named(dependencies)}\n  npm install --save-dev ${named(devDependencies)}`;
};

/** False: it is there already. */
async function writeNew(path: string, text: string, given: string): Promise<boolean> {
  try {
    makeFolder(dirname(path));
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (cause) {
    const { code = "error" } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST" && existsSync(path) && statSync(path).isFile()) return false;
    throw new FreshetError("USAGE", `no project can be made in '${given}' (${code}); name another folder`, { cause });
  }
}

/** As npm takes it: the name of the folder, as far as that can be one. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return name === "" || name === "freshet" ? "pipelines" : name;
}

function needs(): Needs {
  const own = JSON.parse(readFileSync(join(OWN, "package.json"), "utf8")) as {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const of = (packages: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> => {
    const version = packages[name];
    return version === undefined ? {} : { [name]: version };
  };
  // One that npm has installed is known to npm; another lies where it lies.
  const freshet = OWN.includes("node_modules") ? own.version : `file:${OWN}`;
  return {
    dependencies: { freshet, ...of(own.dependencies, "zod") },
    devDependencies: { ...of(own.devDependencies, "@types/node"), ...of(own.devDependencies, "typescript") },
  };
}
