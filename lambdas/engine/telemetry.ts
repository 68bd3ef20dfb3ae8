/** Logs, metrics in the log format, and traces of one function. */
import { Logger } from "@aws-lambda-powertools/logger";
import type { MiddlewareObj } from "@middy/core";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";

export const logger = new Logger();
const metrics = new Metrics({ namespace: "Freshet" });
/** Nothing unless the environment asks for traces. */
export const tracing: MiddlewareObj =
  process.env["POWERTOOLS_TRACE_ENABLED"] === "true"
    ? (await import("./tracing.ts")).capture()
    : { before: () => undefined };

/** Writes what was counted, at the end of an invocation; most count nothing, and then it costs no line. */
export const publishMetrics = {
  after: (): void => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  },
};

/** Counts something that an operator should see; the line in the log is the metric. */
export const count = (name: string, value = 1): void => void metrics.addMetric(name, MetricUnit.Count, value);
