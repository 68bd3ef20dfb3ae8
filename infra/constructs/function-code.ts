import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import { FUNCTION_SOURCES, type FunctionName } from "../functions/sources.ts";
import { FRESHET_ROOT } from "../project.ts";

/** The code of a function. */
export function functionCode(name: FunctionName, out: string): Code {
  const folder = join(out, "functions", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const command = [
    join(FRESHET_ROOT, "infra/functions/main.ts"),
    folder,
    "environment",
    JSON.stringify(FUNCTION_SOURCES[name]),
  ];
  const { status, stderr, error } = spawnSync(process.execPath, command, { encoding: "utf8", cwd: FRESHET_ROOT });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`the code of the function '${name}' cannot be built:\n${stderr.trim()}`);
  return Code.fromAsset(folder);
}
