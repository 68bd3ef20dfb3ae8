/** What one deployment is made of: the functions get it in their environment, the CLI finds it in an SSM parameter. */
import * as z from "zod/mini";
import { FreshetError } from "../core/errors.ts";
import { said } from "./said.ts";

export const named = z.string().check(z.minLength(1));

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
  /** `none`: its DAGs are deployed without their schedules, but those that it names. */
  schedules: z._default(z.enum(["as written", "none"]), "as written"),
  /** `ignored`: its DAGs are deployed without their deadlines. */
  deadlines: z._default(z.enum(["watched", "ignored"]), "watched"),
  /** How far back it holds data; null: all there is. */
  dataWindowMs: z._default(z.nullable(z.number()), null),
  /** Log groups of the executors. */
  executorLogGroups: z.array(named),
});
export type Deployment = z.infer<typeof deploymentSchema>;

/** Of the function that runs tasks: only what it may reach. */
export const executorSchema = z.object({
  v: z.literal(1),
  environment: named,
  dataWindowMs: z._default(z.nullable(z.number()), null),
  attemptsTable: named,
  bucket: named,
  eventsQueueUrl: named,
  bucketNames: z.record(z.string(), named),
});
export type ExecutorDeployment = z.infer<typeof executorSchema>;

/** The SSM parameter that describes an environment's deployment. */
export const deploymentParameter = (environment: string): string => `/freshet/${environment}/deployment`;

/** Throws INVALID_MESSAGE, which says what is wrong with it. */
export const parseDeployment = (text: string | undefined): Deployment => parsed(deploymentSchema, text);
export const parseExecutorDeployment = (text: string | undefined): ExecutorDeployment => parsed(executorSchema, text);

/** Throws INVALID_MESSAGE, which says what is wrong with it. */
export function parsed<T>(schema: z.ZodMiniType<T>, text: string | undefined): T {
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
