/** The environments of this project: `npx cdk deploy -c env=staging` deploys one. */
import { every } from "freshet";
import type { EnvironmentConfig } from "./config.ts";

const dev: EnvironmentConfig = {
  buckets: { "data-lake": { create: true } },
  schedules: "none",
  deadlines: "ignored",
  dataWindow: null,
  maxConcurrency: { default: 10 },
  workers: { run: "fargate", vpc: "own", slots: 1 },
  memoryMb: 1024,
  architecture: process.arch === "arm64" ? "arm64" : "x86_64",
  tickConcurrency: null,
  logRetentionDays: 14,
  alerting: "off",
  tracing: false,
  keepData: false,
  tags: { application: "freshet", environment: "dev" },
};

const staging: EnvironmentConfig = {
  ...dev,
  // By day, when somebody looks.
  schedules: { default: "as written", dags: { daily_revenue: every.day({ at: "12:00" }) } },
  deadlines: "watched",
  dataWindow: "30d",
  alerting: { emails: [] },
  tickConcurrency: 1,
  logRetentionDays: 30,
  keepData: true,
  tags: { application: "freshet", environment: "staging" },
};

const prod: EnvironmentConfig = {
  ...staging,
  schedules: "as written",
  dataWindow: null,
  maxConcurrency: { default: 100 },
  logRetentionDays: 90,
  tags: { application: "freshet", environment: "prod" },
};

/** As it is deployed to an emulator: everything is on, and nothing is kept. */
const local: EnvironmentConfig = {
  ...dev,
  schedules: "as written",
  deadlines: "watched",
  alerting: { emails: [] },
  tickConcurrency: 1,
  maxConcurrency: { default: 5 },
  workers: { run: "elsewhere" },
  tags: { application: "freshet", environment: "local" },
};

export const environments: Readonly<Record<string, EnvironmentConfig>> = { dev, staging, prod, local };
