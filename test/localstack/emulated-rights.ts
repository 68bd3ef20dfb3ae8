/** What has to be changed before the endpoint enforces roles as AWS would. */
import { DeleteBucketPolicyCommand } from "@aws-sdk/client-s3";
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { ACCOUNT, REGION } from "../../localstack/lib/deploy.ts";
import { functionsOf, type DeployedWorld } from "./world.ts";

/** Where the CDK puts what it deploys. */
export const ASSETS = `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`;

/** The endpoint speaks no TLS: the policies that demand it would deny everything. */
export async function dropTransportPolicies({ clients, deployment }: DeployedWorld): Promise<void> {
  const { bucket, bucketNames, eventsQueueUrl, deadLettersUrl, taskQueueUrls } = deployment;
  for (const Bucket of [ASSETS, bucket, ...Object.values(bucketNames)])
    await clients.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  for (const QueueUrl of [eventsQueueUrl, deadLettersUrl, ...Object.values(taskQueueUrls)])
    await clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: "" } }));
}

/** On AWS the right to send, or to delete, is that to do so in batches; the endpoint asks for one that AWS does not know. */
const BATCHES: Readonly<Record<string, string>> = {
  "sqs:SendMessage": "sqs:SendMessageBatch",
  "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
};

interface Policy {
  readonly Version: string;
  readonly Statement: readonly { readonly Action: string | readonly string[] }[];
}

/** Names the rights of batches in the functions' roles beside those that they are. */
export async function nameBatches(world: DeployedWorld): Promise<void> {
  for (const { Role = "" } of (await functionsOf(world)).values()) {
    const RoleName = Role.slice(Role.lastIndexOf("/") + 1);
    const names = textsOf(await askIam(world.url, "ListRolePolicies", { RoleName }), "member");
    for (const PolicyName of names) {
      const [text = ""] = textsOf(await askIam(world.url, "GetRolePolicy", { RoleName, PolicyName }), "PolicyDocument");
      const policy = JSON.parse(decodeURIComponent(text)) as Policy;
      const Statement = policy.Statement.map((statement) => ({ ...statement, Action: withBatches(statement.Action) }));
      const PolicyDocument = JSON.stringify({ ...policy, Statement });
      await askIam(world.url, "PutRolePolicy", { RoleName, PolicyName, PolicyDocument });
    }
  }
}

const withBatches = (actions: string | readonly string[]): readonly string[] =>
  [actions].flat().flatMap((action) => [action, ...(BATCHES[action] === undefined ? [] : [BATCHES[action]])]);

const textsOf = (xml: string, tag: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))].map(([, text = ""]) => text);

/** As root: what reads policies is no dependency of the project's. */
async function askIam(url: string, Action: string, input: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/iam/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({ Action, Version: "2010-05-08", ...input }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${Action}: ${text}`);
  return text;
}
