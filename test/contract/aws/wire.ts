/** An HTTP endpoint that answers as a test says: what no emulator does on request. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type WireAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  /** The connection ends without an answer. */
  | "drop"
  /** Nothing ever comes. */
  | "hang";

export interface Wire {
  readonly endpoint: string;
  /** All that came in, in order. */
  readonly requests: readonly WireRequest[];
  /** Calls the listener for each connection from now on. */
  onConnection(listener: () => void): void;
  close(): Promise<void>;
}

/** `answer` is given each request and how many came before it. */
export async function startWire(
  answer: (request: WireRequest, index: number) => WireAnswer | Promise<WireAnswer>,
): Promise<Wire> {
  const requests: WireRequest[] = [];
  async function respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = {
      method: message.method ?? "",
      path: message.url ?? "",
      headers: message.headers,
      body: await buffer(message),
    };
    const answered = await answer(request, requests.push(request) - 1);
    if (answered === "hang") return;
    if (answered === "drop") message.socket.destroy();
    else response.writeHead(answered.status, answered.headers).end(answered.body);
  }
  const server = createServer((message, response) => {
    respond(message, response).catch(() => message.socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    onConnection: (listener) => void server.on("connection", listener),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** What the JSON protocols of DynamoDB, SQS and EventBridge answer. */
export const json = (body: unknown, status = 200): WireAnswer => ({
  status,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify(body),
});

/** A fault in the same protocols. */
export const fault = (name: string, message: string, status = 400, more: object = {}): WireAnswer =>
  json({ __type: name, message, ...more }, status);

export const jsonOf = (request: WireRequest | undefined): unknown => JSON.parse(String(request?.body ?? "null"));
