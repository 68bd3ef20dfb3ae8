/** What an environment makes of its DAGs, as `freshet compile` is told. */
import type { DagSettings } from "../shared/contract/environment.ts";
import { parseDuration } from "../shared/core/time.ts";
import type { EnvironmentConfig } from "./config.ts";

export function dagSettings(environment: string, config: EnvironmentConfig): DagSettings {
  const { schedules, deadlines, buckets } = config;
  return {
    v: 1,
    environment,
    schedules: typeof schedules === "string" ? { default: schedules, dags: {} } : schedules,
    deadlines,
    dataWindowMs: dataWindowMs(config),
    buckets: Object.keys(buckets),
  };
}

/** null: all the past that there is. */
export const dataWindowMs = ({ dataWindow }: Pick<EnvironmentConfig, "dataWindow">): number | null =>
  dataWindow === null ? null : (parseDuration(dataWindow) ?? null);
