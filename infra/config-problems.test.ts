import { describe, expect, test } from "vitest";
import type { EnvironmentConfig } from "./config.ts";
import { configProblems, isReadable } from "./config-problems.ts";
import { environments } from "./environments.ts";

const DEV = environments["dev"] as object;

const told = (config: unknown, environment: unknown = "dev"): readonly string[] =>
  configProblems(environment, config).map(({ code, message }) => `${code} ${message}`);

test.each(Object.entries(environments))("'%s' of this project is as it should be", (name, config) => {
  expect(told(config, name)).toEqual([]);
});

test("everything that is wrong is told in one pass", () => {
  const config = {
    ...DEV,
    memoryMb: "1024",
    alarmEmail: null,
    alerting: { emails: ["ann"] },
    maxConcurrency: {},
    tickConcurency: 1,
  };

  expect(told(config)).toEqual([
    "ENV002 environment 'dev': there is no setting 'alarmEmail'",
    "ENV002 environment 'dev': there is no setting 'tickConcurency'; did you mean 'tickConcurrency'?",
    "ENV003 environment 'dev': alerting.emails[0] is \"ann\" (text), expected an address such as data@example.com",
    "ENV003 environment 'dev': maxConcurrency.default is missing, expected a whole number",
    "ENV003 environment 'dev': memoryMb is \"1024\" (text), expected a whole number from 128 to 10240",
  ]);
});

describe("refuses", () => {
  test.each<[string, object, RegExp]>([
    [
      "a bucket that is neither made nor there",
      { buckets: { lake: {} } },
      /buckets\.lake is an object, expected \{ create/,
    ],
    [
      "a bucket that is both",
      { buckets: { lake: { create: true, existing: "lake" } } },
      /no setting 'buckets\.lake\.create'/,
    ],
    [
      "a name that no bucket has",
      { buckets: { lake: { existing: "Lake" } } },
      /existing is "Lake" \(text\), expected the name/,
    ],
    [
      "one restored table without the other",
      { restoredTables: { engine: "engine-restored" } },
      /restoredTables\.attempts is missing, expected the name of a table on AWS/,
    ],
    [
      "classes to keep that are no list",
      { keepClasses: "worker" },
      /keepClasses is "worker" \(text\), expected a list/,
    ],
    [
      "a class that no function can be of",
      { keepClasses: ["worker", "lambda-20480"] },
      /keepClasses\[1\] is "lambda-20480" \(text\), expected "lambda", "worker", or "lambda-2048" with 128 to 10240 MB/,
    ],
    [
      "a schedule for all",
      { schedules: "0 3 * * *" },
      /schedules is "0 3 \* \* \*" \(text\), expected one of "as written"/,
    ],
    ["schedules without the rest", { schedules: { dags: {} } }, /schedules\.default is missing, expected one of/],
    [
      "schedules of no DAG",
      { schedules: { default: "none", dags: null } },
      /schedules\.dags is null, expected an object/,
    ],
    [
      "one address instead of a list",
      { alerting: { emails: "a@b" } },
      /alerting\.emails is "a@b" \(text\), expected a list/,
    ],
    ["alerting that is only on", { alerting: true }, /alerting is true .*expected "off" or/],
    ["one attempt at once, which SQS does not allow", { maxConcurrency: { default: 1 } }, /from 2 to 1000/],
    ["an executor class that there is not", { maxConcurrency: { default: 5, wrker: 5 } }, /did you mean 'worker'/],
    ["workers of no kind", { workers: { run: "ec2" } }, /workers is an object, expected \{ run: "fargate"/],
    ["workers without slots", { workers: { run: "fargate", vpc: "own" } }, /workers\.slots is missing/],
    [
      "a network without its subnets",
      { workers: { run: "fargate", vpc: { id: "vpc-1" }, slots: 1 } },
      /vpc\.subnets is missing/,
    ],
    ["logs that are kept for as long as CloudWatch cannot", { logRetentionDays: 15 }, /one of 7, 14, 30/],
    ["a tag of AWS's own", { tags: { "aws:team": "data" } }, /a name in tags is "aws:team" \(text\)/],
    ["a tag that is no text", { tags: { cost: 7 } }, /tags\.cost is 7 \(a number\), expected a text/],
  ])("%s", (_, change, message) => {
    expect(told({ ...DEV, ...change })).toEqual([expect.stringMatching(message)]);
  });

  test("what is no configuration", () => {
    expect(told(null)).toEqual(["ENV003 environment 'dev': its configuration is null, expected an object"]);
  });

  test("a name that would be no part of a stack's name", () => {
    expect(told(DEV, "my env")).toEqual([
      "ENV003 environment 'my env': its name is \"my env\" (text), expected letters, digits and -, beginning with a letter",
    ]);
  });
});

test("what may be left out may be given, too", () => {
  expect(told({ ...DEV, schedulerConcurrency: 2 })).toEqual([]);
});

test.each<[string, object, boolean]>([
  ["schedules of DAGs, right or wrong", { schedules: { default: "none", dags: { orders: 7 } } }, true],
  ["schedules that are none", { schedules: { default: "none" } }, false],
  ["no duration", { dataWindow: "7 days" }, false],
  ["a deadline", { deadlines: "2h" }, false],
  ["something wrong that is no matter of the DAGs", { memoryMb: 0 }, true],
])("with %s, whether the DAGs can be compiled for it", (_, change, readable) => {
  expect(isReadable({ ...DEV, ...change } as EnvironmentConfig)).toBe(readable);
});
