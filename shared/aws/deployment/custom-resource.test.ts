import type { AddressInfo } from "node:net";
import { createServer as createHttp } from "node:http";
import { expect, test } from "vitest";
import { answerRequest } from "./custom-resource.ts";

/** What CloudFormation gets to hear of `act`; it does not take the first answer. */
async function heard(act: () => Promise<Record<string, string>>): Promise<unknown> {
  const bodies: string[] = [];
  const server = createHttp((request, response) => {
    let body = "";
    request.on("data", (text: Buffer) => (body += text.toString()));
    request.on("end", () => {
      bodies.push(body);
      response.writeHead(bodies.length === 1 ? 503 : 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await answerRequest(
    {
      RequestType: "Create",
      ResponseURL: `http://127.0.0.1:${port}/`,
      StackId: "stack",
      RequestId: "request",
      LogicalResourceId: "Release",
      ResourceProperties: {},
    },
    act,
  );
  server.close();
  return JSON.parse(bodies.at(-1) ?? "");
}

test("tells CloudFormation what it made, until that has been heard", async () => {
  expect(await heard(async () => ({ dags: "2" }))).toMatchObject({
    Status: "SUCCESS",
    PhysicalResourceId: "Release",
    Data: { dags: "2" },
  });
});

test("tells CloudFormation why it failed, in as many words as it takes", async () => {
  const answer = await heard(() => Promise.reject(new Error("too old".padEnd(5_000, "."))));

  expect(answer).toMatchObject({ Status: "FAILED", Reason: "too old".padEnd(1_000, ".") });
});
