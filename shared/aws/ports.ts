/** All ports of the engine at once, as the command line has them. */
import { createBlobStore } from "./s3/blob-store.ts";
import type { Clients } from "./clients.ts";
import { createEventBus, type EventBusSettings } from "./event-bus.ts";
import { openHotPorts, type Resources } from "./hot-ports.ts";

export const openPorts = (clients: Clients, resources: Resources, onLost: EventBusSettings["onLost"]) =>
  openHotPorts(clients, resources, {
    blobs: createBlobStore({ client: clients.s3, bucket: resources.bucket }),
    bus: createEventBus({ client: clients.events, busName: resources.busName, onLost }),
  });
