import { describe, expect, test } from "vitest";
import { manifestOf, sales } from "../../test/builders/definitions.ts";
import type { DagSettings } from "../../shared/contract/environment.ts";
import { scheduleText } from "../../shared/core/schedule/schedule.ts";
import type { Problem } from "../../shared/core/problem.ts";
import { arrival, cron, every } from "../../shared/dsl/index.ts";
import { asDeployed, inEnvironment, withSchedule } from "./in-environment.ts";
import type { LoadedDag, LoadResult } from "./result.ts";
import { versionOf } from "./version.ts";

const DAILY = every.day({ at: "04:00" });

function loaded(options: object = { schedule: DAILY }): LoadedDag {
  const manifest = manifestOf(sales(options));
  return { manifest, version: versionOf(manifest), file: "sales.dag.ts", sources: [] };
}

/** As they come from the file of a configuration. */
const settings = (schedules: object, rest: object = {}): DagSettings =>
  JSON.parse(
    JSON.stringify({
      v: 1,
      environment: "dev",
      schedules: { default: "as written", dags: {}, ...schedules },
      buckets: ["data-lake"],
      deadlines: "watched",
      dataWindowMs: null,
      ...rest,
    }),
  ) as DagSettings;

const load = (problems: readonly Problem[] = [], options?: object): LoadResult => ({
  dags: [loaded(options)],
  problems,
  files: [],
  sources: [],
  packages: [],
});

function scheduleIn(schedules: object, options?: object): readonly [string | null, string | null | undefined] {
  const [dag] = inEnvironment(load([], options), settings(schedules)).dags;
  const { schedule = null, writtenSchedule: written } = dag?.manifest ?? {};
  return [schedule && scheduleText(schedule), written && scheduleText(written)];
}

describe("a DAG has in an environment", () => {
  const WRITTEN = "0 4 * * * UTC";

  test.each<[string, object, readonly [string | null, string | undefined]]>([
    ["its own schedule", {}, [WRITTEN, undefined]],
    ["none, where the others have none either", { default: "none" }, [null, WRITTEN]],
    ["none, where it alone has none", { dags: { sales: null } }, [null, WRITTEN]],
    ["its own, where the others have none", { default: "none", dags: { sales: "as written" } }, [WRITTEN, undefined]],
    ["another one", { dags: { sales: cron(["0 3 * * *", "0 15 * * *"]) } }, ["0 3 * * * | 0 15 * * * UTC", WRITTEN]],
    ["a length of time", { default: "none", dags: { sales: every("90m") } }, ["every 1h 30m", WRITTEN]],
    ["its own, written again", { dags: { sales: DAILY } }, [WRITTEN, undefined]],
  ])("%s", (_, schedules, expected) => {
    expect(scheduleIn(schedules)).toEqual(expected);
  });

  test("its own zone, if the schedule names none", () => {
    const zoned = { schedule: DAILY, timezone: "Europe/London" };

    expect(scheduleIn({ dags: { sales: cron("0 3 * * *") } }, zoned)[0]).toBe("0 3 * * * Europe/London");
  });

  test("a schedule even if it has none of its own", () => {
    expect(scheduleIn({ dags: { sales: DAILY } }, {})).toEqual([WRITTEN, null]);
  });
});

test("with another schedule it is another version, with its own it is the same", () => {
  const versionIn = (schedules: object) => inEnvironment(load(), settings(schedules)).dags[0]?.version;

  expect(versionIn({ dags: { sales: null } })).not.toBe(loaded().version);
  expect(versionIn({ dags: { sales: "as written" } })).toBe(loaded().version);
});

describe("what is wrong is told as if the author had written it:", () => {
  const problemsIn = (dags: object, before: readonly Problem[] = []): readonly string[] =>
    inEnvironment(load(before), settings({ dags })).problems.map(
      ({ code, message, help }) => `${code} ${message}${help === undefined ? "" : ` | ${help}`}`,
    );

  test.each<[string, object, string]>([
    [
      "a cron that never fires",
      { sales: cron("0 4 30 2 *") },
      "DAG007 environment 'dev': schedules.dags.sales: schedule: '0 4 30 2 *' never fires",
    ],
    [
      "an expression without cron()",
      { sales: "0 3 * * *" },
      'DAG007 environment \'dev\': schedules.dags.sales: schedule is "0 3 * * *" (text), expected one made by cron(), every or dates() | write `schedule: cron("0 3 * * *")`',
    ],
    [
      "an option that there is not",
      { sales: cron("0 3 * * *", { timzone: "UTC" } as object) },
      "DAG004 environment 'dev': schedules.dags.sales: there is no option 'schedule.timzone'; did you mean 'timezone'? | the options here are timezone, start, end, dst, interval",
    ],
    [
      "a word for none",
      { sales: "none" },
      'ENV003 environment \'dev\': schedules.dags.sales is "none" (text), expected a schedule, null or "as written" | write null',
    ],
    [
      "a DAG that is not there, with the nearest name",
      { sale: null },
      "ENV004 environment 'dev': schedules.dags.sale: there is no dag 'sale'; did you mean 'sales'? | there are sales",
    ],
  ])("%s", (_, dags, expected) => {
    expect(problemsIn(dags)).toEqual([expect.stringContaining(expected)]);
  });

  test("a DAG that may be in a file that is broken is not missed", () => {
    const broken: Problem = { code: "LOAD005", level: "error", message: "it cannot be parsed" };

    expect(problemsIn({ other: null }, [broken])).toEqual(["LOAD005 it cannot be parsed"]);
  });
});

test("a bucket that the environment does not have is told, once, with the nearest name", () => {
  const triggers = [
    arrival("a", { bucket: "data-lak" }),
    arrival("b", { bucket: "data-lak" }),
    arrival("c", { bucket: "data-lake" }),
  ];

  expect(inEnvironment(load([], { triggers }), settings({})).problems).toEqual([
    {
      code: "ENV005",
      level: "error",
      message:
        "environment 'dev': dag 'sales' waits for objects in bucket 'data-lak', which is not in buckets; did you mean 'data-lake'?; there is data-lake",
      help: "add 'data-lak' to `buckets`, as { create: true } or { existing: <its name on AWS> }",
    },
  ]);
});

describe("what would be deployed there has", () => {
  const registered = (schedules: object) => inEnvironment(load(), settings(schedules)).dags[0]?.manifest;
  const deployed = (schedules: "as written" | "none", before?: ReturnType<typeof registered>) =>
    asDeployed(loaded({ schedule: every.hour() }), before, {
      environment: "dev",
      schedules,
      deadlines: "watched",
      dataWindowMs: null,
    }).manifest.schedule;
  const HOURLY = loaded({ schedule: every.hour() }).manifest.schedule;

  test("the schedule that the environment has given the DAG", () => {
    const before = registered({ dags: { sales: cron("0 3 * * *") } });

    expect(deployed("as written", before)).toEqual(before?.schedule);
  });

  test("none, if it was given none", () => {
    expect(deployed("as written", registered({ dags: { sales: null } }))).toBeNull();
  });

  test("its own, if that is what holds there", () => {
    expect(deployed("none", registered({ default: "none", dags: { sales: "as written" } }))).toEqual(HOURLY);
  });

  test("what the environment says of all, if it is new", () => {
    expect([deployed("as written"), deployed("none")]).toEqual([HOURLY, null]);
  });
});

describe("where the environment holds the last week alone,", () => {
  const WEEK = { dataWindowMs: 7 * 86_400_000 };

  test("its DAGs say so, and are other versions", () => {
    const [dag] = inEnvironment(load(), settings({}, WEEK)).dags;

    expect(dag?.manifest).toEqual({ ...loaded().manifest, ...WEEK });
    expect(dag?.version).not.toBe(loaded().version);
  });

  test("who looks before a deployment sees the same", () => {
    const there = { environment: "dev", schedules: "as written", deadlines: "watched", ...WEEK } as const;

    expect(asDeployed(loaded(), undefined, there)).toEqual(inEnvironment(load(), settings({}, WEEK)).dags[0]);
  });

  test.each([
    ["a day", every.day({ at: "23:00" }), []],
    ["a month, at its beginning", every.month({ on: 7 }), []],
    [
      "a month, when it is long over",
      every.month({ on: 20 }),
      [
        "ENV006 environment 'dev': a run of dag 'sales' is due 19d after what it covers has ended, and dataWindow is 7d",
      ],
    ],
  ])("a run that covers %s is due in time or warned of", (_, schedule, expected) => {
    const { problems } = inEnvironment(load([], { schedule }), settings({}, WEEK));

    expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual(expected);
  });
});

describe("deadlines", () => {
  const options = { schedule: DAILY, deadlines: [{ within: "2h" }] };

  test.each([
    ["watched", 1],
    ["ignored", 0],
  ])("that are %s leave the DAG %i", (deadlines, count) => {
    expect(inEnvironment(load([], options), settings({}, { deadlines })).dags[0]?.manifest.deadlines).toHaveLength(
      count,
    );
  });

  test("that every run would miss by the schedule of the environment are refused", () => {
    const early = { schedule: every.hour(), deadlines: [{ within: "2h", from: "logicalDate" }] };
    const { problems } = inEnvironment(load([], early), settings({ dags: { sales: DAILY } }));

    expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(
        /^DAG027 environment 'dev': schedules\.dags\.sales: deadline '.*'\.within is 2h, but the run of/,
      ),
    ]);
  });
});

test("a DAG that is given its own schedule back remembers nothing", () => {
  const { manifest } = loaded();

  expect(withSchedule(withSchedule(manifest, null), manifest.schedule)).toEqual(manifest);
});
