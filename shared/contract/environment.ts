/** What an environment makes of the DAGs that are deployed there: the CDK app writes it, `freshet compile --for` reads it. */
import * as z from "zod/mini";
import { FreshetError } from "../core/errors.ts";
import { said } from "./said.ts";

export const SCHEDULE_DEFAULTS = ["as written", "none"] as const;

/** Whether anybody looks if a run has missed its deadline. */
export const DEADLINES_THERE = ["watched", "ignored"] as const;

const dagSettingsSchema = z.object({
  v: z.literal(1),
  environment: z.string().check(z.minLength(1)),
  schedules: z.object({
    /** Of DAGs that are not in `dags`. */
    default: z.enum(SCHEDULE_DEFAULTS),
    /** By DAG: as its author would have written it, null for none, or `"as written"`. Checked with the DAG. */
    dags: z.record(z.string(), z.unknown()),
  }),
  deadlines: z.enum(DEADLINES_THERE),
  /** null: all the past that there is. */
  dataWindowMs: z.nullable(z.number().check(z.positive())),
  /** Those that the environment has, as DAGs name them. */
  buckets: z.array(z.string()),
});
export type DagSettings = z.infer<typeof dagSettingsSchema>;

/** Throws INVALID_MESSAGE, which says what is wrong with it. */
export function parseDagSettings(text: string): DagSettings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FreshetError("INVALID_MESSAGE", "the settings of the environment are not JSON", { cause });
  }
  const parsed = dagSettingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FreshetError("INVALID_MESSAGE", `the settings of the environment are not as agreed: ${said(parsed.error)}`);
}

/** Everything that can be wrong with an environment. docs/errors.md lists the same codes; a code never changes its meaning. */
export const ENVIRONMENT_CODES = {
  ENV001: {
    title: "An environment does not exist",
    explanation: "`npx cdk deploy -c env=NAME` deploys one of those in `infra/environments.ts`, which are listed.",
  },
  ENV002: {
    title: "A setting does not exist",
    explanation: "The nearest setting that does exist is named, and all of them are listed.",
  },
  ENV003: {
    title: "A setting has a wrong value, or is missing",
    explanation:
      "The message shows what was given and what is expected there. `infra/config.ts` says what each is for.",
  },
  ENV004: {
    title: "An environment names a DAG that does not exist",
    explanation:
      "`schedules.dags` names DAGs by their ids. One that is gone, or has another id now, would keep its written schedule without a word.",
  },
  ENV005: {
    title: "A bucket that DAGs wait for is not in the environment",
    explanation:
      'A trigger names a bucket as it is called everywhere; `buckets` of the environment says which one that is: `{ create: true }`, or `{ existing: "its-name-on-aws" }`.',
  },
  ENV006: {
    title: "What a DAG covers by its schedule lies outside of the data window",
    explanation:
      "It falls due so long after its interval has ended that the environment holds nothing of it any more: each firing would be passed over. Give the DAG another schedule there, or none, or lengthen `dataWindow`. It is a warning.",
  },
} as const satisfies Record<string, { readonly title: string; readonly explanation: string }>;

export type EnvironmentCode = keyof typeof ENVIRONMENT_CODES;
