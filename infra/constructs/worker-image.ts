/** The container of a worker: its code, built here, and the npm packages of the pipelines beside it. */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "aws-cdk-lib/aws-lambda";
import { buildInProcess } from "./function-code.ts";
import { copyPackages } from "./packages-layer.ts";
import { FRESHET_ROOT } from "../project.ts";

export interface WorkerImageProps {
  readonly projectRoot: string;
  /** `name@version`. */
  readonly packages: readonly string[];
  readonly architecture: Architecture;
  readonly out: string;
}

/** The folder that `docker build` takes. It changes with the engine and the packages, not with the pipelines. */
export function workerImageFolder({ projectRoot, packages, architecture, out }: WorkerImageProps): string {
  const folder = join(out, "worker");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  buildInProcess("worker", folder, "chain");
  copyPackages({ projectRoot, packages, architecture, to: folder });
  copyFileSync(join(FRESHET_ROOT, "workers/Dockerfile"), join(folder, "Dockerfile"));
  return folder;
}
