/** Loaded once there is something to count. */
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";

const metrics = new Metrics({ namespace: "Freshet" });

/** One line in the log, which is the metrics. */
export function publish(counted: ReadonlyMap<string, number>): void {
  for (const [name, value] of counted) metrics.addMetric(name, MetricUnit.Count, value);
  metrics.publishStoredMetrics();
}
