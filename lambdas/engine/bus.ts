/** Loaded on demand. */
export { createBusClient } from "../../shared/aws/clients/bus-client.ts";
export { createEventBus } from "../../shared/aws/event-bus.ts";
