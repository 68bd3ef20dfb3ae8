/** Who is told that a run has failed: by the bus, a rule and the topic, as an email would be. */
import { ListRulesCommand, ListTargetsByRuleCommand } from "@aws-sdk/client-eventbridge";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { createBusClient } from "../../../shared/aws/clients/bus-client.ts";
import { settingsOf } from "../place.ts";
import { ended, eventually, trigger, type DeployedWorld } from "../world.ts";

export function alertsChapter(world: () => DeployedWorld): void {
  describe("a run that fails", () => {
    test("is told, with what happened, where, and what to type next", async () => {
      const queue = await listening(world());
      const run = await trigger(world(), "failing");
      expect(await ended(world(), run)).toMatchObject({ state: "failed" });

      const lines = await eventually("message", () => heard(world(), queue, run));

      expect(lines).toEqual([
        `local: run ${run} failed: task 'fail' failed: Permanent: nothing was delivered to local (owner ann, runbook docs/runbooks/restore.md)`,
        expect.stringMatching(/^at \d{4}-\d\d-\d\dT.*\. What to type next:$/),
        `npx freshet why ${run} --env local`,
        `npx freshet retry ${run} --env local`,
      ]);
    });
  });
}

/** A queue of its own that hears what subscribers of the topic do. */
async function listening({ url, clients: { sqs }, deployment: { busName } }: DeployedWorld): Promise<string> {
  const bus = createBusClient(settingsOf(url));
  const { Rules = [] } = await bus.send(new ListRulesCommand({ EventBusName: busName }));
  const rule = Rules.find(({ EventPattern = "" }) => EventPattern.includes("run_ended"));
  const targets = new ListTargetsByRuleCommand({ EventBusName: busName, Rule: rule?.Name });
  const topic = (await bus.send(targets)).Targets?.[0]?.Arn ?? "";
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "listens-to-alerts" }));
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
  const arn = (await sqs.send(asked)).Attributes?.["QueueArn"] ?? "";
  // There is no client of SNS here, and one call is no reason for one.
  const subscribe = { Action: "Subscribe", Version: "2010-03-31", TopicArn: topic, Protocol: "sqs", Endpoint: arn };
  const authorization =
    "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/sns/aws4_request, SignedHeaders=host, Signature=0";
  const answer = await fetch(url, { method: "POST", headers: { authorization }, body: new URLSearchParams(subscribe) });
  if (!answer.ok) throw new Error(`the queue could not subscribe: ${await answer.text()}`);
  return QueueUrl;
}

/** The lines about the run, as SNS hands them on: each is a text in quotes. */
async function heard({ clients: { sqs } }: DeployedWorld, QueueUrl: string, run: string): Promise<unknown> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  const told = Messages.map(({ Body = "{}" }) => (JSON.parse(Body) as { readonly Message: string }).Message);
  const message = told.find((text) => text.includes(run));
  return message?.split("\n").map((line) => line.replace(/^"(.*)"$/, "$1"));
}
