import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { fault, json, startWire, type Wire, type WireAnswer } from "../../test/contract/aws/wire.ts";
import { countCalls, createCallCounter } from "./clients/call-counter.ts";
import { createClients, type Clients } from "./clients.ts";

const GET = new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } });
const QUICK = { connectionMs: 500, requestMs: 100 };

let wire: Wire | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await wire?.close();
});

/** Clients of an endpoint that gives these answers, the last one for ever. */
async function clientsOf(...answers: readonly WireAnswer[]): Promise<Clients & { readonly wire: Wire }> {
  const started = await startWire((_, index) => answers[Math.min(index, answers.length - 1)] ?? "drop");
  wire = started;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  return {
    ...createClients({ region: "eu-west-1", endpoint: started.endpoint, credentials, timeouts: QUICK }),
    wire: started,
  };
}

describe("the clients", () => {
  test("give up on a request that nobody answers, after four tries", async () => {
    const { dynamo, wire: there } = await clientsOf("hang");

    await expect(dynamo.send(GET)).rejects.toThrow("requestTimeout");

    expect(there.requests).toHaveLength(4);
  });

  test("try again when the connection ends or the service is throttled", async () => {
    const throttled = fault("ThrottlingException", "slow down");
    const { dynamo, wire: there } = await clientsOf("drop", throttled, json({ Item: { pk: { S: "a" } } }));

    expect((await dynamo.send(GET)).Item).toEqual({ pk: { S: "a" } });

    expect(there.requests).toHaveLength(3);
  });

  test.for<readonly [string, WireAnswer]>([
    ["nobody answers", "hang"],
    ["the connection ends", "drop"],
    ["the service is throttled", fault("ThrottlingException", "slow down")],
    ["the service fails", fault("InternalServerError", "it is us", 500)],
  ])("say UNAVAILABLE, which is worth another try, when %s", async ([, answer]) => {
    const { dynamo } = await clientsOf(answer);

    await expect(dynamo.send(GET)).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
  });

  test("pass on a refusal as the service has it", async () => {
    const { dynamo } = await clientsOf(fault("ConditionalCheckFailedException", "somebody was first"));

    await expect(dynamo.send(GET)).rejects.toMatchObject({ name: "ConditionalCheckFailedException" });
  });

  test("do not try again what the service refuses", async () => {
    const { dynamo, wire: there } = await clientsOf(fault("ValidationException", "no such key"));

    await expect(dynamo.send(GET)).rejects.toThrow("no such key");

    expect(there.requests).toHaveLength(1);
  });

  test("keep the connection between calls", async () => {
    let connections = 0;
    const { dynamo, wire: there } = await clientsOf(json({}));
    there.onConnection(() => connections++);

    for (let call = 0; call < 5; call++) await dynamo.send(GET);

    expect(connections).toBe(1);
  });

  test("send Lambda's trace header on, by which AWS stops loops", async () => {
    vi.stubEnv("AWS_LAMBDA_FUNCTION_NAME", "scheduler");
    vi.stubEnv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a:1");
    const { sqs, wire: there } = await clientsOf(json({ Successful: [], Failed: [] }));

    await sqs.send(new SendMessageBatchCommand({ QueueUrl: "https://sqs/1/q", Entries: [] }));

    expect(there.requests[0]?.headers["x-amzn-trace-id"]).toContain("Lineage=a:1");
  });
});

describe("the call counter", () => {
  test("counts every try of every call, by service and operation", async () => {
    const { dynamo, sqs } = await clientsOf("drop", json({}));
    const counter = createCallCounter();
    countCalls(dynamo, counter);
    countCalls(sqs, counter);

    await dynamo.send(GET);
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: "https://sqs/1/q", Entries: [] }));

    expect(counter.counts()).toEqual({ "DynamoDB.GetItem": 2, "SQS.SendMessageBatch": 1 });
    expect(counter.total()).toBe(3);
  });

  test("counts a client once, however often it is told to", async () => {
    const { dynamo } = await clientsOf(json({}));
    const counter = createCallCounter();
    countCalls(dynamo, counter);
    countCalls(dynamo, counter);

    await dynamo.send(GET);

    expect(counter.total()).toBe(1);
  });

  test("begins anew after a reset", () => {
    const counter = createCallCounter();
    counter.record("DynamoDB.GetItem");
    counter.reset();

    expect(counter.counts()).toEqual({});
  });
});
