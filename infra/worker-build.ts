/** `npm run worker:build [-- arm64|x64]`: writes what workers/Dockerfile takes to tmp/worker, with the packages of the DAGs in `dags`. */
import { join } from "node:path";
import { Architecture } from "aws-cdk-lib/aws-lambda";
import { compileDags } from "./compile.ts";
import { workerImageFolder } from "./constructs/worker-image.ts";
import { FRESHET_ROOT } from "./project.ts";

const [cpu = process.arch] = process.argv.slice(2);
const out = join(FRESHET_ROOT, "tmp");
try {
  const { release } = compileDags({ projectRoot: FRESHET_ROOT, dags: "dags", out: join(out, "worker-release") });
  const architecture = cpu === "arm64" ? Architecture.ARM_64 : Architecture.X86_64;
  const folder = workerImageFolder({ projectRoot: FRESHET_ROOT, packages: release.packages, architecture, out });
  console.log(`docker build --tag freshet-worker ${folder}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
