/** Where the deployment is, and the clients that reach it with all rights. */
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { REGION } from "../../localstack/lib/deploy.ts";
import { createClients, type Clients } from "../../shared/aws/clients.ts";
import { deploymentParameter, parseDeployment, type Deployment } from "../../shared/contract/deployment.ts";

export interface Local {
  readonly clients: Clients;
  readonly deployment: Deployment;
}

/** Of the endpoint's root: it may do everything. */
const ROOT = { accessKeyId: "test", secretAccessKey: "test" };

export const settingsOf = (endpoint: string) => ({ region: REGION, endpoint, credentials: ROOT });

export async function findLocal(url: string): Promise<Local> {
  const settings = settingsOf(url);
  const ssm = new SSMClient(settings);
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: deploymentParameter("local") }));
  return {
    clients: createClients({ ...settings, timeouts: { connectionMs: 10_000, requestMs: 30_000 } }),
    deployment: parseDeployment(Parameter?.Value),
  };
}
