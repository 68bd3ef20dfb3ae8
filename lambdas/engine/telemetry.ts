/** Logs, metrics in the log format, and traces of one function. */
import { Logger } from "@aws-lambda-powertools/logger";
import type { MiddlewareObj } from "@middy/core";

export const logger = new Logger();
/** Nothing unless the environment asks for traces. */
export const tracing: MiddlewareObj =
  process.env["POWERTOOLS_TRACE_ENABLED"] === "true"
    ? (await import("./tracing.ts")).capture()
    : { before: () => undefined };

const counted = new Map<string, number>();

/** Counts something that an operator should see; the line in the log is the metric. */
export const count = (name: string, value = 1): void => void counted.set(name, (counted.get(name) ?? 0) + value);

/** Writes what was counted, at the end of an invocation; most count nothing: that costs no line, and loads nothing. */
export const publishMetrics = {
  async after(): Promise<void> {
    if (counted.size === 0) return;
    const { publish } = await import("./metrics.ts");
    publish(counted);
    counted.clear();
  },
};
