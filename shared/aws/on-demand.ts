/** Ports of which most invocations use nothing: the first call loads them, and the SDK's client that they need. */
import type { BlobStore } from "../ports/blob-store.ts";
import type { EventBus } from "../ports/event-bus.ts";

/** The same for everybody who asks; a load that failed is tried again. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

export function blobsOnDemand(open: () => Promise<BlobStore>): BlobStore {
  const blobs = once(open);
  return {
    put: async (key, body) => (await blobs()).put(key, body),
    get: async (key) => (await blobs()).get(key),
    range: async (key, start, end) => (await blobs()).range(key, start, end),
  };
}

export function busOnDemand(open: () => Promise<EventBus>): EventBus {
  const bus = once(open);
  return {
    async publish(facts) {
      if (facts.length > 0) await (await bus()).publish(facts);
    },
  };
}
