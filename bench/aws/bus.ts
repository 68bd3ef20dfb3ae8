/** As much of EventBridge as takes facts: no emulator that runs without Docker has a bus. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Fact } from "../../shared/core/events.ts";

export interface BusEndpoint {
  readonly endpoint: string;
  /** Resolves as the end of the next run is published. */
  nextEnd(): Promise<Fact>;
  close(): Promise<void>;
}

interface PutEvents {
  readonly Entries: readonly { readonly Detail: string }[];
}

export async function startBus(): Promise<BusEndpoint> {
  let waiting: ((fact: Fact) => void)[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const { Entries } = body as PutEvents;
      response.setHeader("content-type", "application/x-amz-json-1.1");
      response.end(JSON.stringify({ FailedEntryCount: 0, Entries: Entries.map((_, n) => ({ EventId: String(n) })) }));
      const ends = Entries.map(({ Detail }) => JSON.parse(Detail) as Fact).filter((fact) => fact.type === "run_ended");
      for (const fact of ends) {
        for (const tell of waiting) tell(fact);
        waiting = [];
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nextEnd: () => new Promise((resolve) => void waiting.push(resolve)),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
