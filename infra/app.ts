/** The CDK app: `npx cdk deploy -c env=NAME`. */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { environments } from "./environments.ts";
import { FRESHET_ROOT } from "./project.ts";
import { OrchestratorStack } from "./stacks/orchestrator-stack.ts";

const ENVIRONMENT_DEFAULT = "dev";

const app = new App();
const environment = String(app.node.tryGetContext("env") ?? ENVIRONMENT_DEFAULT);
const config = environments[environment];
if (config === undefined) {
  throw new Error(
    `there is no environment '${environment}'; infra/environments.ts has ${Object.keys(environments).join(", ")}`,
  );
}
// A finding that nobody has acknowledged, with the reason, ends the synthesis.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const account = process.env["CDK_DEFAULT_ACCOUNT"];
const region = process.env["CDK_DEFAULT_REGION"];
new OrchestratorStack(app, `Freshet-${environment}`, {
  environment,
  config,
  // Tests deploy DAGs of their own.
  dags: String(app.node.tryGetContext("dags") ?? "dags"),
  projectRoot: FRESHET_ROOT,
  description: `Freshet, environment ${environment}: data pipelines`,
  ...(account === undefined || region === undefined ? {} : { env: { account, region } }),
});
