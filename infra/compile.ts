/** Compiles the DAG files of a project, in a process of its own: their code is run for that. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRelease, type Release } from "../shared/contract/release.ts";
import type { EnvironmentConfig } from "./config.ts";
import { FRESHET_ROOT } from "./project.ts";

export interface CompiledRelease {
  readonly release: Release;
  /** The file of a bundle. */
  readonly fileOf: (hash: string) => string;
}

/** Throws with what is wrong with the DAGs, as `freshet validate` would say it. */
export function compileDags(
  projectRoot: string,
  dags: string,
  out: string,
  schedules: EnvironmentConfig["schedules"],
): CompiledRelease {
  const cli = join(FRESHET_ROOT, "cli/bin/freshet.mjs");
  const command = [cli, "compile", "--dags", dags, "--out", out];
  const { status, stderr, error } = spawnSync(
    process.execPath,
    [...command, ...(schedules === "none" ? ["--no-schedules"] : [])],
    {
      cwd: projectRoot,
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`the DAGs in ${dags} cannot be deployed:\n${stderr.trim()}`);
  return {
    release: parseRelease(readFileSync(join(out, "release.json"), "utf8")),
    fileOf: (hash) => join(out, "bundles", `${hash}.mjs`),
  };
}
