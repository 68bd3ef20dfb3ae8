/** Everything that is wrong with the configuration of an environment: types say most of it, but nobody checks them at synthesis. */
import type { EnvironmentCode } from "../shared/contract/environment.ts";
import { DEADLINES_THERE, SCHEDULE_DEFAULTS } from "../shared/contract/environment.ts";
import { DATA_WINDOW_MS_MIN } from "../shared/core/manifest.ts";
import { didYouMean, type Problem } from "../shared/core/problem.ts";
import { shown } from "../shared/core/shown.ts";
import { parseDuration } from "../shared/core/time.ts";
import type { EnvironmentConfig } from "./config.ts";

/** Its name is part of the stack's name and of the SSM parameter's. */
const ENVIRONMENT_NAME = /^[A-Za-z][A-Za-z0-9-]{0,62}$/;
/** As S3 has them. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const CONCURRENCY_MAX = 1_000;
/** What SQS lets an event source of Lambda be bound to. */
const LAMBDA_CONCURRENCY_MIN = 2;
const LOG_RETENTION_DAYS: readonly unknown[] = [7, 14, 30, 90, 180, 365];
const TAG_KEY_LENGTH_MAX = 128;
const TAG_VALUE_LENGTH_MAX = 256;

interface Report {
  wrong(at: string, value: unknown, expected: string): void;
  unknown(at: string, name: string, known: readonly string[]): void;
}

type Check = (value: unknown, at: string, report: Report) => void;
type Fields = Readonly<Record<string, Check>>;

export function configProblems(environment: unknown, config: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (code: EnvironmentCode, message: string, help?: string): void =>
    void problems.push({
      code,
      level: "error",
      message: `environment '${String(environment)}': ${message}`,
      ...(help === undefined ? {} : { help }),
    });
  const report: Report = {
    wrong: (at, value, expected) =>
      value === undefined
        ? add("ENV003", `${at} is missing, expected ${expected}`)
        : add("ENV003", `${at} is ${shown(value)}, expected ${expected}`),
    unknown: (at, name, known) =>
      add(
        "ENV002",
        `there is no setting '${path(at, name)}'${didYouMean(name, known)}`,
        `the settings here are ${known.join(", ")}`,
      ),
  };
  name(environment, "its name", report);
  fields(SETTINGS, OPTIONAL_SETTINGS)(config, "", report);
  return problems;
}

/** Whether the DAGs can be compiled for it; its schedules are checked then. */
export function isReadable(config: EnvironmentConfig): boolean {
  let readable = true;
  const refuse = (): void => void (readable = false);
  for (const [setting, check] of Object.entries(OF_DAGS)) {
    check(config[setting as keyof typeof OF_DAGS], setting, { wrong: refuse, unknown: refuse });
  }
  return readable;
}

const path = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const must =
  (expected: string, fits: (value: unknown) => boolean): Check =>
  (value, at, report) => {
    if (!fits(value)) report.wrong(at, value, expected);
  };

const flag = must("true or false", (value) => typeof value === "boolean");
const text = must("a text", isText);
const whole = (min: number, max = Number.MAX_SAFE_INTEGER): Check =>
  must(
    max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`,
    (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  );
const oneOf = (values: readonly unknown[]): Check =>
  must(`one of ${values.map((value) => JSON.stringify(value)).join(", ")}`, (value) => values.includes(value));
const orNull =
  (check: Check): Check =>
  (value, at, report) => {
    if (value !== null) check(value, at, report);
  };

/** Each of these, and nothing else; those in `optional` may be left out. */
const fields =
  (required: Fields, optional: Fields = {}): Check =>
  (value, at, report) => {
    if (!isRecord(value)) return report.wrong(at === "" ? "its configuration" : at, value, "an object");
    const known = { ...required, ...optional };
    for (const key of Object.keys(value)) if (!Object.hasOwn(known, key)) report.unknown(at, key, Object.keys(known));
    for (const [key, check] of Object.entries(known)) {
      if (value[key] === undefined && Object.hasOwn(optional, key)) continue;
      check(value[key], path(at, key), report);
    }
  };

const entries =
  (check: Check): Check =>
  (value, at, report) => {
    if (!isRecord(value)) return report.wrong(at, value, "an object");
    for (const [key, entry] of Object.entries(value)) check(entry, path(at, key), report);
  };

const name = must(
  "letters, digits and -, beginning with a letter",
  (value) => isText(value) && ENVIRONMENT_NAME.test(value),
);

const BUCKET_FORMS = "{ create: true } or { existing: <its name on AWS> }";
const bucket: Check = (value, at, report) => {
  if (isRecord(value) && Object.hasOwn(value, "existing")) {
    const existing = must("the name of a bucket on AWS", (given) => isText(given) && BUCKET_NAME.test(given));
    return fields({ existing }, { notifies: flag })(value, at, report);
  }
  must(BUCKET_FORMS, (given) => isRecord(given) && given["create"] === true && Object.keys(given).length === 1)(
    value,
    at,
    report,
  );
};

/** The schedules themselves are checked with the DAGs. */
const schedules: Check = (value, at, report) => {
  const one = oneOf(SCHEDULE_DEFAULTS);
  if (!isRecord(value)) return one(value, at, report);
  fields({ default: one, dags: must("an object", isRecord) })(value, at, report);
};

const window = must('a duration of at least 1h such as "7d", or null', (value) => {
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  return ms !== undefined && ms >= DATA_WINDOW_MS_MIN;
});

const email = must("an address such as data@example.com", (value) => isText(value) && /^[^\s@]+@[^\s@]+$/.test(value));
const alerting: Check = (value, at, report) => {
  if (value === "off") return;
  const emails: Check = (list, place) => {
    if (!Array.isArray(list)) return report.wrong(place, list, "a list of addresses");
    for (const [index, one] of list.entries()) email(one, `${place}[${index}]`, report);
  };
  if (!isRecord(value)) return report.wrong(at, value, '"off" or { emails: [<address>] }');
  fields({ emails })(value, at, report);
};

const EXECUTOR_CLASS = /^(?:lambda|lambda-\d+|worker)$/;
const maxConcurrency: Check = (value, at, report) => {
  if (!isRecord(value)) return report.wrong(at, value, "an object such as { default: 10 }");
  for (const [key, count] of Object.entries(value)) {
    if (key !== "default" && !EXECUTOR_CLASS.test(key))
      report.unknown(at, key, ["default", "lambda", "worker", "lambda-2048"]);
    else whole(key === "worker" ? 1 : LAMBDA_CONCURRENCY_MIN, CONCURRENCY_MAX)(count, path(at, key), report);
  }
  if (!Object.hasOwn(value, "default")) report.wrong(path(at, "default"), undefined, "a whole number");
};

const vpc: Check = (value, at, report) => {
  if (value === "own") return;
  if (!isRecord(value)) return report.wrong(at, value, '"own" or { id: <its id>, subnets: "public" or "private" }');
  fields({ id: text, subnets: oneOf(["public", "private"]) })(value, at, report);
};
const workers: Check = (value, at, report) => {
  if (isRecord(value) && value["run"] === "fargate")
    return fields({ run: text, vpc, slots: whole(1, CONCURRENCY_MAX) })(value, at, report);
  must(
    '{ run: "fargate", vpc, slots } or { run: "elsewhere" }',
    (given) => isRecord(given) && given["run"] === "elsewhere",
  )(value, at, report);
};

const tags: Check = (value, at, report) => {
  entries(
    must(
      `a text of at most ${TAG_VALUE_LENGTH_MAX} characters`,
      (tag) => typeof tag === "string" && tag.length <= TAG_VALUE_LENGTH_MAX,
    ),
  )(value, at, report);
  for (const key of isRecord(value) ? Object.keys(value) : []) {
    if (key === "" || key.length > TAG_KEY_LENGTH_MAX || /^aws:/i.test(key))
      report.wrong(
        `a name in ${at}`,
        key,
        `one of at most ${TAG_KEY_LENGTH_MAX} characters that does not begin with aws:`,
      );
  }
};

const MEMORY_MB_MIN = 128;
const MEMORY_MB_MAX = 10_240;
const executorClass = must(
  `"lambda", "worker", or "lambda-2048" with ${MEMORY_MB_MIN} to ${MEMORY_MB_MAX} MB`,
  (value) => {
    const [, memoryMb] = /^lambda-([1-9]\d*)$/.exec(String(value)) ?? [];
    const fits = Number(memoryMb) >= MEMORY_MB_MIN && Number(memoryMb) <= MEMORY_MB_MAX;
    return value === "lambda" || value === "worker" || fits;
  },
);
const keepClasses: Check = (value, at, report) => {
  if (!Array.isArray(value)) return report.wrong(at, value, 'a list such as ["lambda-2048"]');
  for (const [index, one] of value.entries()) executorClass(one, `${at}[${index}]`, report);
};

const tableName = must("the name of a table on AWS", (value) => isText(value) && /^[a-zA-Z0-9_.-]{3,255}$/.test(value));

type OptionalSetting = "schedulerConcurrency" | "keepClasses" | "restoredTables";

const OPTIONAL_SETTINGS: Readonly<Record<OptionalSetting, Check>> = {
  schedulerConcurrency: whole(LAMBDA_CONCURRENCY_MIN, CONCURRENCY_MAX),
  keepClasses,
  restoredTables: fields({ engine: tableName, attempts: tableName }),
};

/** Those that the DAGs are compiled with. */
const OF_DAGS = {
  buckets: entries(bucket),
  schedules,
  deadlines: oneOf(DEADLINES_THERE),
  dataWindow: orNull(window),
} as const satisfies Partial<Record<keyof EnvironmentConfig, Check>>;

/** All there are: the compiler sees to it. */
const SETTINGS: Readonly<Record<Exclude<keyof EnvironmentConfig, OptionalSetting>, Check>> = {
  ...OF_DAGS,
  alerting,
  maxConcurrency,
  workers,
  memoryMb: whole(MEMORY_MB_MIN, MEMORY_MB_MAX),
  architecture: oneOf(["arm64", "x86_64"]),
  tickConcurrency: orNull(whole(1)),
  logRetentionDays: oneOf(LOG_RETENTION_DAYS),
  tracing: flag,
  keepData: flag,
  tags,
};
