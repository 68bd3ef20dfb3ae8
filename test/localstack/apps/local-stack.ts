/** The stack of the environment `local`, for apps that add something to it, or change what it is told. */
import type { App } from "aws-cdk-lib";
import type { EnvironmentConfig } from "../../../infra/config.ts";
import { environments } from "../../../infra/environments.ts";
import { FRESHET_ROOT } from "../../../infra/project.ts";
import { OrchestratorStack } from "../../../infra/stacks/orchestrator-stack.ts";

export function localStack(app: App, changed: Partial<EnvironmentConfig> = {}): OrchestratorStack {
  const { local: config } = environments;
  if (config === undefined) throw new Error("infra/environments.ts has no environment 'local'");
  return new OrchestratorStack(app, "Freshet-local", {
    environment: "local",
    config: { ...config, ...changed },
    dags: String(app.node.tryGetContext("dags")),
    projectRoot: FRESHET_ROOT,
    env: { account: String(process.env["CDK_DEFAULT_ACCOUNT"]), region: String(process.env["CDK_DEFAULT_REGION"]) },
  });
}
