/** Passes on to the endpoint what a function asks of it, and counts it: every try of every call, on the wire. */
import { once } from "node:events";
import { Agent, createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { CallCounter } from "../../shared/aws/clients/call-counter.ts";

export interface CountingProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Services as the SDK's clients call them, by what stands before the operation in `x-amz-target`. */
const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: "DynamoDB",
  AmazonSQS: "SQS",
  AWSEvents: "EventBridge",
  AmazonSSM: "SSM",
};

export async function startCountingProxy(target: URL, counter: CallCounter): Promise<CountingProxy> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => {
    counter.record(callOf(request));
    passOn(request, response, target, agent);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, "close");
    },
  };
}

function passOn(request: IncomingMessage, response: ServerResponse, { hostname, port }: URL, agent: Agent): void {
  // The host's name stays: signatures are over it.
  const { method, url: path, headers } = request;
  const onward = ask({ hostname, port, method, path, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy()); // As if the endpoint had hung up.
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}

/** `DynamoDB.PutItem`, as the SDK's middleware would name it. */
function callOf({ method = "", url = "", headers }: Pick<IncomingMessage, "method" | "url" | "headers">): string {
  const [service = "", operation = ""] = String(headers["x-amz-target"] ?? "").split(".");
  if (operation !== "") return `${SERVICES[service] ?? service}.${operation}`;
  const { pathname, searchParams } = new URL(url, "http://endpoint");
  // Of S3 only what functions ask: objects, by their method.
  if (method === "GET" && searchParams.has("list-type")) return "S3.ListObjectsV2";
  const verb = OBJECT_CALLS[method];
  return verb === undefined ? `${method} ${pathname}` : `S3.${verb}Object`;
}

const OBJECT_CALLS: Readonly<Record<string, string>> = { GET: "Get", PUT: "Put", HEAD: "Head", DELETE: "Delete" };
