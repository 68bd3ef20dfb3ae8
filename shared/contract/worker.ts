/** What a worker's process is told. A module of its own: functions do not load it. */
import * as z from "zod/mini";
import { FreshetError } from "../core/errors.ts";
import { executorSchema, named, parsed, type Deployment } from "./deployment.ts";
import { said } from "./said.ts";

/** Of a worker: what an executor has, and the queue that it takes from itself. */
const workerSchema = z.extend(executorSchema, { tasksQueueUrl: named });
export type WorkerDeployment = z.infer<typeof workerSchema>;

/** What a worker needs of a deployment; undefined: it has no queue for workers. */
export function workerDeployment(deployment: Deployment): WorkerDeployment | undefined {
  const { environment, dataWindowMs, attemptsTable, bucket, eventsQueueUrl, bucketNames, taskQueueUrls } = deployment;
  const tasksQueueUrl = taskQueueUrls["worker"];
  if (tasksQueueUrl === undefined) return undefined;
  return { v: 1, environment, dataWindowMs, attemptsTable, bucket, eventsQueueUrl, bucketNames, tasksQueueUrl };
}

const count = z.coerce.number().check(z.int(), z.minimum(1));

/** ECS ends a container two minutes after it has told it to stop. */
const STOP_GRACE_SECONDS = 100;

/** The environment of a worker's process. */
const workerSettings = z.object({
  AWS_REGION: named,
  /** Of an emulator. */
  AWS_ENDPOINT_URL: z.optional(z.string()),
  /** JSON, as its container has it; otherwise `FRESHET_ENV` names the environment. */
  DEPLOYMENT: z.optional(z.string()),
  FRESHET_ENV: z.optional(z.string()),
  /** Attempts at work at once. */
  SLOTS: z._default(count, 1),
  /** How long what is at work may go on once the worker is told to stop. */
  STOP_GRACE_SECONDS: z._default(z.coerce.number().check(z.minimum(0)), STOP_GRACE_SECONDS),
  /** What the JavaScript of one attempt may take. */
  TASK_MEMORY_MB: z.optional(count),
  /** Where the npm packages of the pipelines are; beside the worker's own module unless given. */
  NODE_PATH: z.optional(z.string()),
});
export type WorkerSettings = z.infer<typeof workerSettings>;

/** Throws USAGE, which names every variable that is missing or wrong. */
export function parseWorkerSettings(env: Readonly<Record<string, string | undefined>>): WorkerSettings {
  const result = workerSettings.safeParse(env);
  if (result.success) return result.data;
  throw new FreshetError("USAGE", `the environment of the worker is not as it should be: ${said(result.error)}`);
}

/** Throws INVALID_MESSAGE, which says what is wrong with it. */
export const parseWorkerDeployment = (text: string | undefined): WorkerDeployment => parsed(workerSchema, text);
