/** Contracts of ports that no other emulator can keep: conditional puts, and the bus. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateEventBusCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { describe } from "vitest";
import { freshBucket, freshQueue } from "../../../scripts/emulators/resources.ts";
import { createEventBus } from "../../../shared/aws/event-bus.ts";
import { createObjectStore } from "../../../shared/aws/s3/object-store.ts";
import type { Fact } from "../../../shared/core/events.ts";
import { eventBusContract, type EventBusSubject } from "../../contract/event-bus.suite.ts";
import { objectConditions } from "../../contract/object-conditions.ts";
import type { ObjectStoreSubject } from "../../contract/object-store-subject.ts";
import { freshly } from "../../contract/subject.ts";
import { messagesOf } from "../history/recorder.ts";
import type { DeployedWorld } from "../world.ts";

export function contractsChapter(world: () => DeployedWorld): void {
  describe("on the endpoint's S3", () => {
    objectConditions(
      freshly(async (): Promise<ObjectStoreSubject> => {
        const { clients } = world();
        const scratch = await mkdtemp(join(tmpdir(), "freshet-objects-"));
        return {
          store: createObjectStore(clients.s3),
          bucket: await freshBucket(clients),
          otherBucket: await freshBucket(clients),
          scratch,
          close: () => rm(scratch, { recursive: true, force: true }),
        };
      }),
    );
  });

  describe("on the endpoint's EventBridge", () => {
    eventBusContract(() => aBus(world()));
  });
}

/** A bus whose facts go to a queue. */
async function aBus({ clients }: DeployedWorld): Promise<EventBusSubject> {
  const name = `contract-${crypto.randomUUID()}`;
  const queueUrl = await freshQueue(clients);
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] }),
  );
  const rule = { EventBusName: name, Rule: name };
  await clients.events.send(new CreateEventBusCommand({ Name: name }));
  const EventPattern = JSON.stringify({ source: ["freshet"] });
  await clients.events.send(new PutRuleCommand({ ...rule, Name: name, EventPattern }));
  const target = { Id: "queue", Arn: Attributes?.["QueueArn"] ?? "" };
  await clients.events.send(new PutTargetsCommand({ ...rule, Targets: [target] }));
  const heard: Fact[] = [];
  return {
    bus: createEventBus({ client: clients.events, busName: name, onLost: () => undefined }),
    async heard() {
      const messages = await messagesOf(clients.sqs, queueUrl);
      heard.push(...messages.map(({ body }) => (JSON.parse(body) as { readonly detail: Fact }).detail));
      return heard;
    },
    close: async () => undefined,
  };
}
