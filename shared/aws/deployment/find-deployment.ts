/** Finds an environment's deployment by its name, with the caller's own credentials. */
import { GetParameterCommand, GetParametersByPathCommand, ParameterNotFound, SSMClient } from "@aws-sdk/client-ssm";
import { deploymentParameter, parseDeployment, type Deployment } from "../../contract/deployment.ts";
import { FreshetError } from "../../core/errors.ts";
import { didYouMean } from "../../core/problem.ts";
import type { ClientSettings } from "../clients/client-options.ts";

const ALL_DEPLOYMENTS = "/freshet/";

/** Throws ENVIRONMENT_NOT_FOUND, with the nearest name, and INVALID_MESSAGE if it is of another Freshet. */
export async function findDeployment(settings: ClientSettings, environment: string): Promise<Deployment> {
  const ssm = new SSMClient(settings);
  try {
    const Name = deploymentParameter(environment);
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name }));
    return parseDeployment(Parameter?.Value);
  } catch (error) {
    const unreached = unreachedText(error, settings);
    if (unreached !== undefined) throw new FreshetError("UNAVAILABLE", unreached, { cause: error });
    if (!(error instanceof ParameterNotFound)) throw error;
    const known = await knownEnvironments(ssm);
    const there = known.length === 0 ? "none is deployed there" : `there are: ${known.join(", ")}`;
    throw new FreshetError(
      "ENVIRONMENT_NOT_FOUND",
      `there is no environment '${environment}' in region ${settings.region}${didYouMean(environment, known)}; ${there}. ` +
        `\`npx cdk deploy -c env=${environment}\` deploys it, AWS_REGION names another region`,
    );
  }
}

/** Codes of Node's for an address that does not exist, or where nobody answers. */
const UNREACHED = new Set(["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH"]);

/** Undefined if AWS has answered. */
function unreachedText(error: unknown, { region, endpoint }: ClientSettings): string | undefined {
  if (!(error instanceof Error && "code" in error && UNREACHED.has(String(error.code)))) return undefined;
  const where = endpoint === undefined ? `AWS in region ${region}` : endpoint;
  const mend = endpoint === undefined ? "is that a region, and is there a network?" : "is AWS_ENDPOINT_URL right?";
  return `${where} does not answer (${error.message}): ${mend}`;
}

async function knownEnvironments(ssm: SSMClient): Promise<readonly string[]> {
  const { Parameters = [] } = await ssm.send(
    new GetParametersByPathCommand({ Path: ALL_DEPLOYMENTS, Recursive: true }),
  );
  return Parameters.map(({ Name = "" }) => Name.split("/")[2] ?? "").filter((name) => name !== "");
}
