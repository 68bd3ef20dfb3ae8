import { openEngine } from "../engine/open-engine.ts";

export { logger, publishMetrics, tracer } from "../engine/telemetry.ts";

export const { engine } = await openEngine(process.env);

/** A tick ends before the next one begins. */
export const TICK_MS_MAX = 50_000;
