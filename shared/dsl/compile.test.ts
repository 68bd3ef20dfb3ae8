import { describe, expect, test } from "vitest";
import { z } from "../../test/builders/schemas.ts";
import { manifestOf, problemsIn, sales, taskSpecOf, work } from "../../test/builders/definitions.ts";
import { DAG_TASKS_MAX, type TaskSpec } from "../core/manifest.ts";
import { compileAll, compileModule } from "./compile.ts";
import { arrival, dag, every, optional, task } from "./index.ts";

const noop = { run: () => {} };

describe("a manifest", () => {
  test("has every default filled in", () => {
    expect(taskSpecOf({})).toEqual({
      taskId: "load",
      kind: "task",
      role: "work",
      setups: [],
      upstream: [],
      rule: "all_success",
      retry: {
        retries: 0,
        delayMs: 30_000,
        backoff: 2,
        jitter: "full",
        maxDelayMs: 3_600_000,
        budgetMs: null,
        on: "transient",
      },
      timeoutMs: 600_000,
      queuedTimeoutMs: 86_400_000,
      allowFailure: false,
      failRun: false,
      executor: "lambda",
      resources: { memoryMb: null, cpu: null },
      hooks: { onSuccess: false, onFailure: false, onRetry: false },
      owner: null,
      runbook: null,
      tags: [],
      docs: null,
      pools: [],
      priority: 1,
      deadline: null,
      connections: [],
      publishes: [],
      child: null,
      map: null,
    });
  });

  test("has what the DAG says of itself", () => {
    const { tasks: _tasks, ...manifest } = manifestOf(
      dag("sales", {
        description: "Sales",
        schedule: every.day({ at: "04:00" }),
        timezone: "Europe/London",
        triggers: [arrival("files", { bucket: "data-lake", prefix: "raw/", suffix: ".csv", debounce: "5s" })],
        maxActiveRuns: 3,
        timeout: "6h",
        retryBudget: "3h",
        owner: "ana",
        team: "data",
        tier: 2,
        runbook: "https://wiki/sales",
        tags: ["daily"],
        docs: "# Sales",
        params: z.object({ region: z.string().default("uk"), limit: z.number().optional() }),
        onFailure: () => {},
        tasks: [work("load")],
      }),
    );

    expect(manifest).toMatchObject({
      dagId: "sales",
      description: "Sales",
      schedule: { kind: "cron", expressions: ["0 4 * * *"], interval: "day", timezone: "Europe/London" },
      triggers: [
        {
          kind: "arrival",
          triggerId: "files",
          bucket: "data-lake",
          prefix: "raw/",
          suffix: ".csv",
          debounceMs: 5_000,
          maxWaitMs: 600_000,
          maxFiles: 100,
        },
      ],
      maxActiveRuns: 3,
      runTimeoutMs: 21_600_000,
      retryBudgetMs: 10_800_000,
      params: { schema: { type: "object" }, defaults: { region: "uk" } },
      hooks: { onSuccess: false, onFailure: true },
    });
  });

  test("takes a task's option before the DAG's, and retry member by member", () => {
    const spec = taskSpecOf(
      { timeout: "3m", retry: { retries: 5 }, owner: "bo" },
      {
        owner: "ana",
        runbook: "r",
        defaults: { executor: "worker", timeout: "2h", retry: { retries: 2, delay: "1m" } },
      },
    );

    expect(spec).toMatchObject({
      executor: "worker",
      timeoutMs: 180_000,
      retry: { retries: 5, delayMs: 60_000 },
      owner: "bo",
      runbook: "r",
    });
  });

  test.each<[string, unknown, TaskSpec["retry"]["on"]]>([
    ["names", ["HttpError"], ["HttpError"]],
    ["a function", () => true, "function"],
  ])("says how retryOn decides: %s", (_how, retryOn, expected) => {
    expect(taskSpecOf({ retry: { retryOn } }).retry.on).toEqual(expected);
  });

  test("gives a worker's task an hour", () => {
    expect(taskSpecOf({ executor: "worker" }).timeoutMs).toBe(3_600_000);
  });

  test("has the edges of inputs, of optional inputs and of order", () => {
    const [a, b, c] = [task("a", noop), task("b", noop), task("c", noop)];
    const load = task("load", { inputs: { first: a, second: optional(b) }, after: [c, optional(a)], run: () => {} });

    expect(manifestOf(sales({ tasks: [load] })).tasks.at(-1)?.upstream).toEqual([
      { taskId: "a", input: "first", optional: false },
      { taskId: "b", input: "second", optional: true },
      { taskId: "c", input: null, optional: false },
    ]);
  });

  test("has tasks that are only reached through others, each after those that it comes after", () => {
    const a = work("a");
    const b = work("b", { after: [a] });
    const c = work("c", { after: [a] });
    const d = work("d", { inputs: { c, b } });

    expect(manifestOf(sales({ tasks: [d] })).tasks.map(({ taskId }) => taskId)).toEqual(["a", "c", "b", "d"]);
  });

  test("keeps the order of the list where nothing else orders the tasks", () => {
    const tasks = ["c", "a", "b"].map((id) => work(id));

    expect(manifestOf(sales({ tasks })).tasks.map(({ taskId }) => taskId)).toEqual(["c", "a", "b"]);
  });

  test("holds a chain longer than the stack is deep", () => {
    let last = work("t0");
    for (let n = 1; n < DAG_TASKS_MAX; n++) last = work(`t${n}`, { after: [last] });

    expect(manifestOf(sales({ tasks: [last] })).tasks).toHaveLength(DAG_TASKS_MAX);
  });

  test("is made of each DAG that a file exports, each once, also from a list", () => {
    const one = sales({});
    const many = ["a", "b"].map((id) => dag(id, { tasks: [work("load")] }));

    const { manifests } = compileModule({ file: "x.dag.ts", exports: { default: one, one, many }, codeHash: "c0de" });

    expect(manifests.map(({ dagId, codeHash }) => [dagId, codeHash])).toEqual([
      ["sales", "c0de"],
      ["a", "c0de"],
      ["b", "c0de"],
    ]);
  });
});

describe("several files", () => {
  test("may not have DAGs with one id: both are named, the first one stands", () => {
    const [first, second] = compileAll([
      { file: "a.dag.ts", exports: { default: sales({}) } },
      { file: "b.dag.ts", exports: { default: sales({}) } },
    ]);

    expect(first?.problems).toEqual([]);
    expect(first?.manifests).toHaveLength(1);
    expect(second?.manifests).toEqual([]);
    expect(second?.problems).toMatchObject([
      {
        code: "DAG002",
        message: "dag 'sales': a dag in a.dag.ts has the same id",
        labels: [{ at: { file: expect.any(String) }, text: "the first one" }],
      },
    ]);
  });

  test("may export a DAG again that another one made", () => {
    const pipeline = sales({});

    const compiled = compileAll([
      { file: "a.dag.ts", exports: { default: pipeline } },
      { file: "b.dag.ts", exports: { pipeline, other: dag("other", { tasks: [work("load")] }) } },
    ]);

    expect(compiled.map(({ manifests, problems }) => [manifests.length, problems.length])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  test("may use each other's tasks", () => {
    const shared = work("shared");

    const compiled = compileAll([
      { file: "a.dag.ts", exports: { shared, default: sales({}) } },
      { file: "b.dag.ts", exports: { default: dag("other", { tasks: [shared] }) } },
    ]);

    expect(compiled.flatMap(({ problems }) => problems)).toEqual([]);
  });

  test("a task that is exported and that no DAG uses is a warning", () => {
    expect(problemsIn(sales({}), work("forgotten"))).toMatchObject([
      { code: "DAG016", level: "warning", message: "task 'forgotten': it is exported as '1', but no dag uses it" },
    ]);
  });

  test("a file without a DAG is an error", () => {
    expect(problemsIn(3)).toMatchObject([
      { code: "DAG017", level: "error", message: "sales.dag.ts: it exports no dag", at: { line: 1, column: 1 } },
    ]);
  });
});
