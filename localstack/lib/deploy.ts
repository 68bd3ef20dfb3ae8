/** The real CDK app, unchanged, to an endpoint on this machine. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const CDK = join(ROOT, "node_modules/.bin/cdk");
export const ACCOUNT = "000000000000";
export const REGION = "eu-west-1";
const DEPLOY_TIMEOUT_MS = 300_000;

export interface DeployOptions {
  readonly url: string;
  readonly environment?: string;
  /** The folder of DAGs, relative to the repository. */
  readonly dags?: string;
  /** The file of another CDK app, relative to the repository. */
  readonly app?: string;
  /** Told of what the CDK prints. */
  readonly onLine?: (text: string) => void;
}

/** What AWS's clients need to talk to the endpoint, and to nothing else. */
export const endpointEnvironment = (url: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  CDK_DEFAULT_ACCOUNT: ACCOUNT,
  CDK_DEFAULT_REGION: REGION,
  CDK_DISABLE_VERSION_CHECK: "1",
});

export async function bootstrap(options: DeployOptions): Promise<void> {
  // Elsewhere than in the repository, where the CDK would synthesize the app for it.
  const elsewhere = join(ROOT, "tmp/localstack/bootstrap");
  mkdirSync(elsewhere, { recursive: true });
  await cdk(["bootstrap", `aws://${ACCOUNT}/${REGION}`], options, elsewhere);
}

/** Rejects with what the CDK said if the deployment failed. */
export async function deploy(options: DeployOptions): Promise<void> {
  const { environment = "local", dags, app } = options;
  const context = ["--context", `env=${environment}`, ...(dags === undefined ? [] : ["--context", `dags=${dags}`])];
  const output = ["--output", join(ROOT, "tmp/localstack/cdk.out")];
  const other = app === undefined ? [] : ["--app", `node ${app}`];
  await cdk(["deploy", "--all", ...other, ...context, ...output, "--require-approval", "never"], options, ROOT);
}

function cdk(args: readonly string[], { url, onLine }: DeployOptions, cwd: string): Promise<void> {
  if (!existsSync(CDK)) throw new Error("the CDK is not installed: npm ci");
  const path = [join(ROOT, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
  const child = spawn(CDK, [...args, "--ci", "--no-notices", "--no-version-reporting"], {
    cwd,
    env: { PATH: path, HOME: process.env["HOME"] ?? "/", ...endpointEnvironment(url) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), DEPLOY_TIMEOUT_MS);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      onLine?.(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`cdk ${args[0]} failed:\n${said.slice(-6_000)}`));
    });
  });
}
