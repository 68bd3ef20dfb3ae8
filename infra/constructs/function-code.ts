import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import { FUNCTION_SOURCES, WORKER_SOURCE, type FunctionName } from "../functions/sources.ts";
import type { Credentials } from "../functions/trim.ts";
import { FRESHET_ROOT } from "../project.ts";

/** What this process has built: several environments in one app have the same functions. */
const built = new Map<FunctionName, string>();

/** The code of a function. */
export function functionCode(name: FunctionName, out: string): Code {
  const known = built.get(name);
  if (known !== undefined && existsSync(known)) return Code.fromAsset(known);
  const folder = join(out, "functions", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  buildInProcess(name, folder, "environment");
  built.set(name, folder);
  return Code.fromAsset(folder);
}

/** Builds in a process of its own, since constructs cannot wait. */
export function buildInProcess(name: FunctionName | "worker", folder: string, credentials: Credentials): void {
  const entries = name === "worker" ? WORKER_SOURCE : FUNCTION_SOURCES[name];
  const command = [join(FRESHET_ROOT, "infra/functions/main.ts"), folder, credentials, JSON.stringify(entries)];
  const { status, stderr, error } = spawnSync(process.execPath, command, { encoding: "utf8", cwd: FRESHET_ROOT });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`the code of '${name}' cannot be built:\n${stderr.trim()}`);
}
