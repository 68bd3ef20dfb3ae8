import { describe, expect, test } from "vitest";
import { z } from "../../../test/builders/schemas.ts";
import { loose, problemOf, problemsIn, sales, work } from "../../../test/builders/definitions.ts";
import { ACTIVE_RUNS_MAX } from "../../core/dag/record.ts";
import { DAG_TASKS_MAX } from "../../core/manifest.ts";
import { compileModule } from "../compile.ts";
import { arrival, branch, cron, dag, every, shortCircuit, task } from "../index.ts";

describe("problems", () => {
  test.each<[string, object, string]>([
    ["a text for a duration", { timeout: "10 minutes" }, `DAG006 timeout is "10 minutes" (text), expected a duration`],
    ["a number for a duration", { timeout: 30 }, "DAG006 timeout is 30 (a number), expected a duration"],
    ["no time at all", { timeout: "0s" }, `DAG006 timeout is "0s" (text), which is no time at all, expected`],
    ["a duration inside retry", { retry: { delay: "soon" } }, `DAG006 retry.delay is "soon" (text)`],
    ["a text for a number", { retry: { retries: "3" } }, `DAG005 retry.retries is "3" (text), expected a whole number`],
    ["an unknown option", { retrys: {} }, "DAG004 there is no option 'retrys'; did you mean 'retry'?"],
    [
      "an unknown option of retry",
      { retry: { tries: 3 } },
      "DAG004 there is no option 'retry.tries'; did you mean 'retries'?",
    ],
    ["an option of other tasks", { choices: [] }, "DAG004 there is no option 'choices'"],
    ["a wrong rule", { rule: "all_succes" }, `DAG005 rule is "all_succes" (text), expected one of "all_success"`],
    ["a wrong executor", { executor: "lamda" }, `expected one of "lambda", "worker"; did you mean 'lambda'?`],
    ["a text for a list", { tags: "daily" }, `DAG005 tags is "daily" (text), expected a list`],
    ["a number in a list", { tags: ["daily", 7] }, "DAG005 tags[1] is 7 (a number), expected text"],
    [
      "a wrong retryOn",
      { retry: { retryOn: "HttpError" } },
      `DAG005 retry.retryOn is "HttpError" (text), expected a list`,
    ],
    ["a hook that is none", { onFailure: "mail" }, `DAG005 onFailure is "mail" (text), expected a function`],
    ["no function", { run: undefined }, "DAG005 it has no function 'run'"],
    [
      "an id for an input",
      { inputs: { extract: "extract" } },
      `DAG010 inputs.extract is "extract" (text), expected a task`,
    ],
    ["an id for an upstream", { after: ["extract"] }, `DAG010 after[0] is "extract" (text), expected a task`],
    ["inputs that are none", { inputs: [] }, "DAG005 inputs is a list, expected an object of tasks"],
    ["one task for a list", { after: work("a") }, "DAG005 after is an object, expected a list of tasks"],
    ["CPU on lambda", { resources: { cpu: 2 } }, "DAG005 resources.cpu is given, but on executor 'lambda'"],
    ["memory beyond lambda", { resources: { memoryMb: 20_000 } }, "DAG005 resources.memoryMb is 20000"],
    ["params without the DAG's", { params: z.object({}) }, "DAG013 params is a schema, but its DAG has none"],
  ])("of a task: %s", (_what, options, expected) => {
    const [code = "", ...message] = expected.split(/(?<=^DAG\d+) /);
    const found = problemOf(sales({ tasks: [work("load", options)] }));

    expect(found).toContain(message.length === 0 ? code : message.join(" "));
    expect(found).toMatch(new RegExp(`^${message.length === 0 ? "DAG005" : code} dag 'sales': task 'load': `));
  });

  test.each<[string, object, string]>([
    [
      "an unknown option",
      { shedule: null },
      "DAG004 dag 'sales': there is no option 'shedule'; did you mean 'schedule'?",
    ],
    ["catch-up", { catchup: 1 }, "DAG005 dag 'sales': catchup is 1 (a number), expected true or false"],
    [
      "catch-up that passes over",
      { catchup: true, overlap: "skip" },
      `DAG005 dag 'sales': overlap is "skip", which passes firings over, and catchup makes up for each of them`,
    ],
    [
      "a tier out of range",
      { tier: 0 },
      "DAG005 dag 'sales': tier is 0 (a number), expected a whole number from 1 to 5",
    ],
    [
      "too many active runs",
      { maxActiveRuns: ACTIVE_RUNS_MAX + 1 },
      `DAG005 dag 'sales': maxActiveRuns is ${ACTIVE_RUNS_MAX + 1} (a number), expected a whole number from 1 to`,
    ],
    ["tasks that are no list", { tasks: {} }, "DAG005 dag 'sales': tasks is an object, expected a list of tasks"],
    ["no tasks", { tasks: [] }, "DAG005 dag 'sales': tasks is empty, expected at least one task"],
    [
      "an id among the tasks",
      { tasks: [work("a"), "b"] },
      `DAG010 dag 'sales': tasks[1] is "b" (text), expected a task`,
    ],
    [
      "a duration among the defaults",
      { defaults: { timeout: 5 } },
      "DAG006 dag 'sales': defaults.timeout is 5 (a number)",
    ],
    [
      "a zone",
      { timezone: "Europe/Londn" },
      `DAG008 dag 'sales': timezone is "Europe/Londn" (text), expected an IANA name`,
    ],
    ["an offset for a zone", { timezone: "+01:00" }, `DAG008 dag 'sales': timezone is "+01:00" (text)`],
    [
      "a text for a schedule",
      { schedule: "0 4 * * *" },
      `DAG007 dag 'sales': schedule is "0 4 * * *" (text), expected one made`,
    ],
    [
      "four fields",
      { schedule: cron("0 4 * *") },
      "DAG007 dag 'sales': schedule: '0 4 * *' has 4 fields; cron takes five",
    ],
    ["a minute that is none", { schedule: cron("61 * * * *") }, "DAG007 dag 'sales': schedule: '61 * * * *'"],
    ["a date that never comes", { schedule: cron("0 0 30 2 *") }, "never fires"],
    [
      "a time that is none",
      { schedule: every.day({ at: "25:00" }) },
      `schedule.at is "25:00" (text), expected a time such as "04:00"`,
    ],
    [
      "minutes that do not divide the hour",
      { schedule: every.minutes(7) },
      "every.minutes takes a divisor of 60 up to 30, not 7",
    ],
    [
      "an interval that is none",
      { schedule: cron("0 4 * * *", loose({ interval: "dya" })) },
      `interval is "dya" (text)`,
    ],
    [
      "params that are no schema",
      { params: { region: "text" } },
      "DAG013 dag 'sales': params is an object, expected an object schema",
    ],
    [
      "params that are no object",
      { params: z.string() },
      "DAG013 dag 'sales': params cannot be turned into JSON Schema: it describes no object",
    ],
    [
      "params that JSON cannot carry",
      { params: z.object({ at: z.date() }) },
      "Date cannot be represented in JSON Schema",
    ],
  ])("of a DAG: %s", (_what, options, expected) => {
    expect(problemOf(sales(options))).toContain(expected);
  });

  test("of a schedule that fires twice in what its runs cover", () => {
    expect(problemOf(sales({ schedule: cron("0 4,16 * * *", { interval: "day" }) }))).toContain(
      "DAG007 dag 'sales': schedule: '0 4,16 * * *' fires more than once in a day",
    );
    expect(problemOf(sales({ schedule: cron("30 * * * *", { interval: "day" }) }))).toContain("fires more than once");
  });

  test.each([
    [every.hour({ minute: 59 })],
    [every.day({ at: "23:59" })],
    [every.week({ on: "saturday", at: "00:00" })],
    [every.month({ on: 28, at: "09:05" })],
    [every.minutes(30)],
    [cron("0 4 * * 1-5")],
    [cron("@daily")],
  ])("none of the schedule %j", (schedule) => {
    expect(problemsIn(sales({ schedule }))).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["no bucket", { bucket: undefined }, "DAG014 dag 'sales': trigger \"files\": it names no bucket"],
    ["a bucket's name", { bucket: "Data_Lake" }, `DAG014 dag 'sales': trigger "files": bucket is "Data_Lake" (text)`],
    ["a bucket that leaves its folder", { bucket: "../etc" }, "DAG014"],
    ["a slash before the prefix", { prefix: "/raw" }, `prefix is "/raw" (text), but keys do not begin with '/'`],
    ["a window shorter than its quiet time", { debounce: "5m", maxWait: "1m" }, "debounce is 5m and maxWait 1m"],
    ["a number of files", { maxFiles: 0 }, "DAG005 dag 'sales': triggers[0].maxFiles is 0 (a number)"],
    [
      "an unknown option",
      { perfix: "raw" },
      "DAG004 dag 'sales': there is no option 'triggers[0].perfix'; did you mean 'prefix'?",
    ],
  ])("of an arrival trigger: %s", (_what, options, expected) => {
    const trigger = arrival("files", loose({ bucket: "data-lake", ...options }));

    expect(problemOf(sales({ triggers: [trigger] }))).toContain(expected);
  });

  test("of triggers with one id", () => {
    const trigger = (): unknown => arrival("files", { bucket: "data-lake" });

    expect(problemOf(sales({ triggers: [trigger(), trigger()] }))).toBe(
      "DAG002 dag 'sales': two of its triggers have the id 'files'",
    );
  });

  test.each(["a#b", "a/b", "..", "a b", "é", "__proto__", "constructor", "x".repeat(300), "", 7, null, "a..b"])(
    "of ids: %j",
    (id) => {
      expect(problemOf(sales({ tasks: [work(loose(id))] }))).toMatch(/^DAG001 dag 'sales': .*: its id /);
      expect(problemOf(dag(loose(id), { tasks: [work("load")] }))).toMatch(/^DAG001 dag.*: its id /);
      expect(problemOf(sales({ triggers: [arrival(loose(id), { bucket: "lake" })] }))).toMatch(/^DAG001 .*: its id /);
    },
  );

  test("a written timeout above a lambda's is refused with the fix", () => {
    const [problem] = problemsIn(sales({ tasks: [work("load", { timeout: "15m" })] }));

    expect(problem).toMatchObject({
      code: "DAG009",
      message: "dag 'sales': task 'load': timeout is 15m; on executor 'lambda' an attempt may take 14m at the most",
      help: 'set `executor: "worker"` for longer work, or a shorter timeout',
    });
  });

  test("a DAG's timeout above a lambda's is refused where a lambda would get it", () => {
    const defaults = { executor: "worker", timeout: "2h" };
    const tasks = [work("long"), work("short", { executor: "lambda" })];

    expect(problemOf(sales({ defaults, tasks }))).toContain("task 'short': timeout is 2h");
  });

  test("an output under two names", () => {
    const a = work("a");

    expect(problemOf(sales({ tasks: [work("load", { inputs: { x: a, y: a } })] }))).toContain(
      "DAG010 dag 'sales': task 'load': inputs 'x' and 'y' are both the task 'a'",
    );
  });

  test("too many tasks", () => {
    const tasks = Array.from({ length: DAG_TASKS_MAX + 1 }, (_, n) => work(`t${n}`));

    expect(problemOf(sales({ tasks }))).toBe(
      `DAG015 dag 'sales': it has ${DAG_TASKS_MAX + 1} tasks; at most ${DAG_TASKS_MAX} are allowed`,
    );
  });

  test("params that are not the DAG's", () => {
    const load = work("load", { params: z.object({ region: z.string() }) });

    expect(problemOf(sales({ params: z.object({ region: z.string() }), tasks: [load] }))).toContain(
      "DAG013 dag 'sales': task 'load': params is a schema, but its DAG has another one",
    );
  });

  test("everything at once", () => {
    const codes = problemsIn(
      sales({
        tier: 9,
        timezone: "Mars",
        tasks: [work("a b", { timeout: 3 }), work("load", { rule: "x", retrys: 1 })],
      }),
    ).map(({ code }) => code);

    expect(codes.toSorted()).toEqual(["DAG001", "DAG004", "DAG005", "DAG005", "DAG006", "DAG008"]);
  });

  test("options that are none at all", () => {
    expect(problemsIn(dag("sales", loose(undefined))).map(({ message }) => message)).toEqual([
      "dag 'sales': its options are undefined, expected an object",
      "dag 'sales': tasks is undefined, expected a list of tasks",
    ]);
    expect(problemsIn(sales({ tasks: [task("load", loose("fn"))] })).map(({ message }) => message)).toEqual([
      `dag 'sales': task 'load': its options are "fn" (text), expected an object`,
      "dag 'sales': task 'load': it has no function 'run'",
    ]);
  });

  test("options that throw when they are read", () => {
    const options = {
      get inputs(): never {
        throw new Error("not yet");
      },
    };

    expect(problemOf(sales({ tasks: [task("load", loose(options))] }))).toBe(
      "DAG005 dag 'sales': its options cannot be read: not yet",
    );
  });

  test("a DAG with a problem has no manifest, the others of its file have", () => {
    const { manifests } = compileModule({
      file: "sales.dag.ts",
      exports: { broken: dag("broken", loose({ tasks: [] })), sales: sales({}) },
    });

    expect(manifests.map(({ dagId }) => dagId)).toEqual(["sales"]);
  });
});

describe("branches", () => {
  test("need something to choose from", () => {
    expect(problemOf(sales({ tasks: [branch("size", { run: () => null })] }))).toBe(
      "DAG012 dag 'sales': task 'size': no task comes after it, so it chooses nothing",
    );
    expect(problemOf(sales({ tasks: [shortCircuit("enough", { run: () => true })] }))).toContain("DAG012");
  });

  test("may only declare choices that come directly after them", () => {
    const size = branch("size", { choices: ["larg", "small"], run: () => "small" });
    const tasks = [work("large", { after: [size] }), work("small", { after: [size] })];

    const [problem] = problemsIn(sales({ tasks }));

    expect(problem).toMatchObject({
      code: "DAG012",
      message:
        "dag 'sales': task 'size': choices names 'larg', which does not come directly after it; did you mean 'large'?",
      help: "the tasks directly after it are large, small",
    });
  });
});

test("tasks of one name in a DAG are shown, both", () => {
  const [problem] = problemsIn(sales({ tasks: [work("load"), work("load")] }));

  expect(problem).toMatchObject({ code: "DAG002", message: "dag 'sales': two of its tasks have the id 'load'" });
  expect(problem?.labels).toHaveLength(1);
});
