/** The CDK app: `npx cdk deploy -c env=NAME`. */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import type { EnvironmentCode } from "../shared/contract/environment.ts";
import { didYouMean } from "../shared/core/problem.ts";
import { problemText } from "./checked-release.ts";
import { environments } from "./environments.ts";
import { FRESHET_ROOT } from "./project.ts";
import { OrchestratorStack } from "./stacks/orchestrator-stack.ts";

const ENVIRONMENT_DEFAULT = "dev";
const NO_ACCOUNT =
  "note: there are no AWS credentials, or AWS does not take them. What is synthesized can be looked at, not deployed: for that run " +
  "`aws configure` or `aws sso login`, or set AWS_PROFILE, and AWS_REGION";

try {
  synthesize();
} catch (error) {
  // Who deploys is to see what is wrong, not where we found it.
  console.error(process.env["FRESHET_DEBUG"] === "1" || !(error instanceof Error) ? error : error.message);
  process.exitCode = 1;
}

function synthesize(): void {
  const app = new App();
  const environment = String(app.node.tryGetContext("env") ?? ENVIRONMENT_DEFAULT);
  const config = environments[environment];
  if (config === undefined) {
    const known = Object.keys(environments);
    const code: EnvironmentCode = "ENV001";
    const message = `there is no environment '${environment}'${didYouMean(environment, known)}`;
    throw new Error(
      problemText({ code, level: "error", message, help: `infra/environments.ts has ${known.join(", ")}` }),
    );
  }
  // A finding that nobody has acknowledged, with the reason, ends the synthesis.
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  // The CDK has asked AWS who we are, and says so.
  const account = process.env["CDK_DEFAULT_ACCOUNT"];
  const region = process.env["CDK_DEFAULT_REGION"];
  if (account === undefined) console.error(NO_ACCOUNT);
  new OrchestratorStack(app, `Freshet-${environment}`, {
    environment,
    config,
    // Tests deploy DAGs of their own.
    dags: String(app.node.tryGetContext("dags") ?? "dags"),
    projectRoot: FRESHET_ROOT,
    description: `Freshet, environment ${environment}: data pipelines`,
    ...(account === undefined || region === undefined ? {} : { env: { account, region } }),
  });
}
