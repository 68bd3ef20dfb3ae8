/** The CDK app with many executors at once, as an account has that has scaled out, and few schedulers. */
import { App, Tags } from "aws-cdk-lib";
import { environments } from "../../../infra/environments.ts";
import { FRESHET_ROOT } from "../../../infra/project.ts";
import { OrchestratorStack } from "../../../infra/stacks/orchestrator-stack.ts";

const EXECUTORS = 64;
/** The least that an event source takes. */
const SCHEDULERS = 2;

const app = new App();
const { local } = environments;
if (local === undefined) throw new Error("infra/environments.ts has no environment 'local'");
const stack = new OrchestratorStack(app, "Freshet-local", {
  environment: "local",
  config: { ...local, maxConcurrency: { default: EXECUTORS }, schedulerConcurrency: SCHEDULERS },
  dags: String(app.node.tryGetContext("dags")),
  projectRoot: FRESHET_ROOT,
  env: { account: String(process.env["CDK_DEFAULT_ACCOUNT"]), region: String(process.env["CDK_DEFAULT_REGION"]) },
});
Tags.of(stack).add("bench", "scaled out");
