/** What one deployment is made of: the functions get it in their environment, the CLI finds it in an SSM parameter. */
import * as z from "zod/mini";
import { FreshetError } from "../core/errors.ts";
import { said } from "./said.ts";

const named = z.string().check(z.minLength(1));

const deploymentSchema = z.object({
  v: z.literal(1),
  /** The environment's name: dev, staging, prod ... */
  environment: named,
  engineTable: named,
  attemptsTable: named,
  /** Freshet's own bucket. */
  bucket: named,
  eventsQueueUrl: named,
  deadLettersUrl: named,
  /** By executor class. */
  taskQueueUrls: z.record(z.string(), named),
  busName: named,
  /** By the name in the pipelines, the bucket of this environment. */
  bucketNames: z.record(z.string(), named),
  /** `none`: its DAGs are deployed without their schedules. */
  schedules: z._default(z.enum(["as written", "none"]), "as written"),
  /** Log groups of the executors. */
  executorLogGroups: z.array(named),
});
export type Deployment = z.infer<typeof deploymentSchema>;

/** Of the function that runs tasks: only what it may reach. */
const executorSchema = z.object({
  v: z.literal(1),
  attemptsTable: named,
  bucket: named,
  eventsQueueUrl: named,
  bucketNames: z.record(z.string(), named),
});
export type ExecutorDeployment = z.infer<typeof executorSchema>;

/** Of a worker: what an executor has, and the queue that it takes from itself. */
const workerSchema = z.extend(executorSchema, { tasksQueueUrl: named });
export type WorkerDeployment = z.infer<typeof workerSchema>;

/** What a worker needs of a deployment; undefined: it has no queue for workers. */
export function workerDeployment(deployment: Deployment): WorkerDeployment | undefined {
  const { attemptsTable, bucket, eventsQueueUrl, bucketNames, taskQueueUrls } = deployment;
  const tasksQueueUrl = taskQueueUrls["worker"];
  if (tasksQueueUrl === undefined) return undefined;
  return { v: 1, attemptsTable, bucket, eventsQueueUrl, bucketNames, tasksQueueUrl };
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

/** The SSM parameter that describes an environment's deployment. */
export const deploymentParameter = (environment: string): string => `/freshet/${environment}/deployment`;

/** Throws INVALID_MESSAGE, which says what is wrong with it. */
export const parseDeployment = (text: string | undefined): Deployment => parsed(deploymentSchema, text);
export const parseExecutorDeployment = (text: string | undefined): ExecutorDeployment => parsed(executorSchema, text);
export const parseWorkerDeployment = (text: string | undefined): WorkerDeployment => parsed(workerSchema, text);

function parsed<T>(schema: z.ZodMiniType<T>, text: string | undefined): T {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch (cause) {
    throw new FreshetError("INVALID_MESSAGE", "the description of the deployment is not JSON: deploy it again", {
      cause,
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new FreshetError(
    "INVALID_MESSAGE",
    `the description of the deployment is of another Freshet: ${said(result.error)}; deploy it again`,
  );
}
