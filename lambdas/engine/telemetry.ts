/** Logs, metrics in the log format, and traces of one function. */
import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { Tracer } from "@aws-lambda-powertools/tracer";

export const logger = new Logger();
const metrics = new Metrics({ namespace: "Freshet" });
export const tracer = new Tracer();

/** Writes what was counted, at the end of an invocation; most count nothing, and then it costs no line. */
export const publishMetrics = {
  after: (): void => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  },
};

/** Counts something that an operator should see; the line in the log is the metric. */
export const count = (name: string, value = 1): void => void metrics.addMetric(name, MetricUnit.Count, value);
