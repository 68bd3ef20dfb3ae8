/** Compiles the DAG files of a project, in a process of its own: their code is run for that. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DagSettings } from "../shared/contract/environment.ts";
import { parseRelease, type Release } from "../shared/contract/release.ts";
import { FRESHET_ROOT } from "./project.ts";

export interface CompiledRelease {
  readonly release: Release;
  /** The file of a bundle. */
  readonly fileOf: (hash: string) => string;
}

export interface Compilation {
  readonly projectRoot: string;
  readonly dags: string;
  readonly out: string;
  /** What the environment makes of them; without it, they are as written. */
  readonly settings?: DagSettings;
}

/** Throws with what is wrong with the DAGs, as `freshet validate` would say it. Prints warnings. */
export function compileDags({ projectRoot, dags, out, settings }: Compilation): CompiledRelease {
  const cli = join(FRESHET_ROOT, "cli/bin/freshet.mjs");
  const command = [cli, "compile", "--dags", dags, "--out", out];
  if (settings !== undefined) command.push("--for", settingsFile(out, settings));
  const { status, stderr, error } = spawnSync(process.execPath, command, {
    cwd: projectRoot,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`the DAGs in ${dags} cannot be deployed:\n${stderr.trim()}`);
  if (stderr !== "") console.error(stderr.trim());
  return {
    release: parseRelease(readFileSync(join(out, "release.json"), "utf8")),
    fileOf: (hash) => join(out, "bundles", `${hash}.mjs`),
  };
}

function settingsFile(out: string, settings: DagSettings): string {
  mkdirSync(out, { recursive: true });
  const path = join(out, "settings.json");
  writeFileSync(path, JSON.stringify(settings));
  return path;
}
