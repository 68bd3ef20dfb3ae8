/** Loaded on demand. */
export { createBusClient } from "../../shared/aws/bus-client.ts";
export { createEventBus } from "../../shared/aws/event-bus.ts";
