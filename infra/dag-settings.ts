/** What an environment makes of its DAGs, as `freshet compile` is told. */
import type { DagSettings } from "../shared/contract/environment.ts";
import type { EnvironmentConfig } from "./config.ts";

export function dagSettings(environment: string, { schedules, buckets }: EnvironmentConfig): DagSettings {
  return {
    v: 1,
    environment,
    schedules: typeof schedules === "string" ? { default: schedules, dags: {} } : schedules,
    buckets: Object.keys(buckets ?? {}),
  };
}
