import { describe, expect, test } from "vitest";
import { z } from "../../test/builders/schemas.ts";
import { memoryObjectStore } from "../../test/builders/memory-object-store.ts";
import type { HookSubject, RunContext } from "../core/attempt.ts";
import { dagId, runId, taskId, UNMAPPED, versionHash } from "../core/ids.ts";
import type { JsonValue } from "../core/json.ts";
import { hookTaskId } from "../core/manifest.ts";
import { LOCAL_ENVIRONMENT, type RunnerInput, type RunnerResult, type TaskHost } from "../core/task-host.ts";
import { instant } from "../core/time.ts";
import { branch, dag, optional, permanent, quarantine, setup, shortCircuit, skip, task, teardown } from "./index.ts";
import type { Choice, Dag, HookEvent, Task, TaskContext } from "./index.ts";
import { bundle } from "./runtime.ts";

interface Attempt {
  readonly outputs?: { readonly [taskId: string]: JsonValue };
  readonly run?: Partial<RunContext>;
  readonly subject?: HookSubject;
}

const DAY = { start: "2026-06-30T23:00:00Z", end: "2026-07-01T23:00:00Z" };

function anInput(name: string, { outputs = {}, run = {}, subject }: Attempt): RunnerInput {
  return {
    dispatch: {
      v: 1,
      key: { runId: runId("sales.r1"), taskId: name as ReturnType<typeof taskId>, mapIndex: UNMAPPED, attempt: 2 },
      run: {
        runId: runId("sales.r1"),
        dagId: dagId("sales"),
        version: versionHash("a".repeat(64)),
        bundle: "b".repeat(64),
        timezone: "Europe/London",
        runType: "scheduled",
        epoch: 1,
        logicalDate: DAY.start,
        dataInterval: DAY,
        params: {},
        files: [],
        ...run,
      },
      token: "t",
      carried: {},
      upstream: [],
      timeoutMs: 60_000,
      ...(subject === undefined ? {} : { subject }),
      sentAt: instant(0),
    },
    outputs,
    files: [],
  };
}

const logged: string[] = [];
function aHost(): TaskHost<AbortSignal> {
  logged.length = 0;
  return {
    signal: new AbortController().signal,
    scratch: "/scratch",
    staging: { bucket: "staging", prefix: "sales/r1/x/2/" },
    objects: memoryObjectStore(),
    environment: LOCAL_ENVIRONMENT,
    log: (level, message, fields) =>
      void logged.push(`${level} ${message}${fields === undefined ? "" : JSON.stringify(fields)}`),
    now: () => 0,
  };
}

const execute = (pipeline: Dag, name: string, attempt: Attempt = {}): Promise<RunnerResult> =>
  bundle([{ default: pipeline }]).execute(anInput(name, attempt), aHost());

const pipelineOf = (...tasks: readonly Task[]): Dag => dag("sales", { tasks });

/** What a task with this function ends as. */
const ending = (run: (ctx: TaskContext) => unknown, attempt: Attempt = {}): Promise<RunnerResult> =>
  execute(pipelineOf(task("work", { run: run as () => void })), "work", attempt);

describe("a task's function", () => {
  test("gets the outputs of its upstream tasks under its own names", async () => {
    const extract = task("extract", { run: () => ({ rows: 3 }) });
    const extra = task("extra", { run: () => 7 });
    const load = task("load", {
      inputs: { source: extract, extra: optional(extra) },
      run: ({ inputs }) => `${inputs.source.rows} ${String(inputs.extra)}`,
    });

    const result = await execute(pipelineOf(load), "load", { outputs: { extract: { rows: 3 } } });

    expect(result).toEqual({ kind: "success", output: "3 undefined" });
  });

  test("gets the interval, the logical date and the local day", async () => {
    const result = await ending(({ interval, logicalDate, ds }) => [
      interval.start.toISOString(),
      interval.end.toISOString(),
      logicalDate.toISOString(),
      ds,
    ]);

    expect(result).toEqual({
      kind: "success",
      output: ["2026-06-30T23:00:00.000Z", "2026-07-01T23:00:00.000Z", "2026-06-30T23:00:00.000Z", "2026-07-01"],
    });
  });

  test.each(["interval", "logicalDate", "ds"] as const)("is told that a run covers nothing: %s", async (member) => {
    const result = await ending((ctx) => JSON.stringify(ctx[member]), {
      run: { runType: "event", dataInterval: null, logicalDate: null },
    });

    expect(result).toMatchObject({
      kind: "failed",
      error: {
        class: "permanent",
        message: expect.stringContaining(`ctx.${member}: this event run of dag 'sales' covers no interval`),
      },
    });
  });

  test("may ask whether the run covers anything", async () => {
    const run: Partial<RunContext> = { runType: "event", dataInterval: null, logicalDate: null };

    expect(await ending((ctx) => ({ ...ctx }).run.dataInterval, { run })).toEqual({ kind: "success", output: null });
  });

  test("is told where it runs, and how far back there is data", async () => {
    expect(await ending(({ environment }) => ({ ...environment }))).toEqual({
      kind: "success",
      output: { name: "local", dataWindowMs: null },
    });
  });

  test("gets attempt, scratch, log and staging", async () => {
    const result = await ending(async ({ attempt, scratch, log, staging }) => {
      log.info("hello", { rows: 3 });
      return { attempt, scratch, key: (await staging.put("a.csv", "A")).key };
    });

    expect(result).toEqual({ kind: "success", output: { attempt: 2, scratch: "/scratch", key: "sales/r1/x/2/a.csv" } });
    expect(logged).toEqual(['info hello{"rows":3}']);
  });

  test("gets the params as the schema gives them", async () => {
    const params = z.object({ limit: z.number().default(5) }).transform(({ limit }) => ({ limit, twice: limit * 2 }));
    const load = task("load", { params, run: (ctx) => ctx.params.twice });

    const result = await execute(dag("sales", { params, tasks: [load] }), "load", { run: { params: { limit: 4 } } });

    expect(result).toEqual({ kind: "success", output: 8 });
  });

  test("fails for good on params that its schema refuses", async () => {
    const params = z.object({ limit: z.number(), region: z.string() });
    const load = task("load", { params, run: () => 1 });

    const result = await execute(dag("sales", { params, tasks: [load] }), "load", { run: { params: { limit: "x" } } });

    expect(result).toMatchObject({
      kind: "failed",
      error: {
        class: "permanent",
        message: expect.stringMatching(/dag 'sales' does not take these params: limit: .*; region: /),
      },
    });
  });
});

describe("how a task ends", () => {
  test("without output when the function gives nothing", async () => {
    expect(await ending(() => undefined)).toEqual({ kind: "success" });
  });

  test("with the output as it was when the function returned", async () => {
    const rows = [1];
    const result = await ending(() => ({ rows, note: undefined }));
    rows.push(2);

    expect(result).toEqual({ kind: "success", output: { rows: [1] } });
  });

  test.each<[string, () => unknown, string]>([
    ["a Date", () => ({ rows: [1, { at: new Date(0) }] }), "$.rows[1].at: a Date"],
    ["a Map", () => new Map(), "$: a Map"],
    ["a bigint", () => ({ n: 1n }), "$.n: a bigint"],
    ["NaN", () => [NaN], "$[0]: NaN"],
    ["a function", () => ({ next: () => 1 }), "$.next: a function"],
  ])("failed for good when the output has %s", async (_what, run, path) => {
    expect(await ending(run)).toMatchObject({
      kind: "failed",
      error: {
        class: "permanent",
        message: expect.stringContaining(`task 'work' returned what JSON cannot carry: ${path}`),
      },
    });
  });

  test("failed for good when the output is too large, with its size and what to do", async () => {
    expect(await ending(() => "ä".repeat(3_000_000))).toMatchObject({
      kind: "failed",
      error: { class: "permanent", message: expect.stringMatching(/returned 6000002 bytes; at most 4194304 .* stage/) },
    });
  });

  test("skipped, with the reason", async () => {
    expect(await ending(() => skip("no rows"))).toEqual({ kind: "skipped", reason: "no rows" });
  });

  test("failed as bad data", async () => {
    const result = await ending(() => quarantine("37 negative prices"));

    expect(result).toMatchObject({
      kind: "failed",
      error: { name: "Quarantine", message: "37 negative prices", class: "quarantine" },
    });
  });

  test("failed for good", async () => {
    const result = await ending(() => permanent(new Error("no such customer")));

    expect(result).toMatchObject({ kind: "failed", error: { message: "no such customer", class: "permanent" } });
  });

  test("failed, with the author's frames of the stack and none of Freshet's", async () => {
    function inner(): never {
      throw new Error("busy");
    }
    // Frames in this folder would count as Freshet's own.
    const result = await ending(async () => {
      try {
        inner();
      } catch (error) {
        (error as Error).stack =
          (error as Error).stack?.replaceAll("/shared/dsl/runtime.test.ts", "/dags/sales.dag.ts") ?? "";
        throw error;
      }
    });

    const stack = result.kind === "failed" ? (result.error.stack ?? "") : "";
    expect(stack.split("\n")).toHaveLength(2);
    expect(stack).toContain("at inner (");
  });

  test("by the verdict of retryOn, the task's before the DAG's", async () => {
    const run = (): void => {
      throw new Error("busy");
    };
    const own = task("own", { retry: { retryOn: () => true }, run });
    const given = task("given", { run });
    const pipeline = dag("sales", { defaults: { retry: { retryOn: ["Other"] } }, tasks: [own, given] });

    expect(await execute(pipeline, "own")).toMatchObject({ error: { retry: true } });
    expect(await execute(pipeline, "given")).toMatchObject({ error: { retry: false } });
  });
});

describe("branches", () => {
  const size = branch("size", { run: (): Choice => choice });
  const large = task("large", { after: [size], run: () => {} });
  const small = task("small", { inputs: { size }, run: () => {} });
  const after = task("after", { after: [large], run: () => {} });
  const pipeline = pipelineOf(large, small, after);
  let choice: Choice = null;

  test.each<[string, Choice, readonly string[]]>([
    ["an id", "large", ["large"]],
    ["a task", small, ["small"]],
    ["several, each once", [small, "large", large], ["small", "large"]],
    ["nothing", null, []],
    ["an empty list", [], []],
  ])("may choose %s", async (_what, chosen, expected) => {
    choice = chosen;

    expect(await execute(pipeline, "size")).toEqual({ kind: "success", chosen: expected });
  });

  test.each<[string, Choice, string]>([
    [
      "an id that is misspelt",
      "larg",
      "chose 'larg'; it may choose among 'large', 'small', or null; did you mean 'large'?",
    ],
    ["a task further down", after, "chose 'after'"],
    ["no task", 3 as unknown as string, "chose a value that is no task (number)"],
  ])("fail for good when they choose %s", async (_what, chosen, message) => {
    choice = chosen;

    expect(await execute(pipeline, "size")).toMatchObject({
      kind: "failed",
      error: { class: "permanent", message: expect.stringContaining(message) },
    });
  });

  test("a short circuit says whether to go on", async () => {
    const enough = shortCircuit("enough", { run: () => false });

    expect(await execute(pipelineOf(enough), "enough")).toEqual({ kind: "success", proceed: false });
  });

  test("a short circuit that gives no boolean has a bug", async () => {
    const enough = shortCircuit("enough", { run: (() => 1) as unknown as () => boolean });

    expect(await execute(pipelineOf(enough), "enough")).toMatchObject({
      kind: "failed",
      error: { class: "permanent" },
    });
  });
});

describe("hooks", () => {
  const heard: [HookEvent, string][] = [];
  const listen = (event: HookEvent, ctx: TaskContext): void => void heard.push([event, ctx.run.runId]);
  const load = task("load", { onFailure: listen, run: () => {} });
  const pipeline = dag("sales", { onFailure: listen, tasks: [load] });
  const subject = (name: string | null): HookSubject => ({
    hook: "onFailure",
    taskId: name === null ? null : taskId(name),
    attempt: 1,
    owner: "ana",
    runbook: "https://wiki/sales",
    failed: [{ taskId: taskId("load"), cause: "busy" }],
  });

  test.each([["load"], [null]])("are called with what they are about: %s", async (name) => {
    heard.length = 0;
    const hookId = hookTaskId(name === null ? null : taskId(name), "onFailure");

    const result = await execute(pipeline, hookId, { subject: subject(name) });

    expect(result).toEqual({ kind: "success" });
    expect(heard).toEqual([[subject(name), "sales.r1"]]);
  });

  test("give no output and need none", async () => {
    const told = task("told", { onFailure: (() => new Map()) as unknown as () => void, run: () => {} });

    expect(await execute(pipelineOf(told), "told$onFailure", { subject: subject("told") })).toEqual({
      kind: "success",
    });
  });
});

describe("a bundle", () => {
  test("finds tasks that the DAG only reaches through others", async () => {
    const table = setup("table", { run: () => "made" });
    const drop = teardown("drop", { of: [table], run: () => {} });

    expect(await execute(pipelineOf(drop), "table")).toEqual({ kind: "success", output: "made" });
  });

  test.each<[string, Partial<RunContext>, string]>([
    ["lod", {}, "dag 'sales' has no task 'lod' in this code bundle; did you mean 'load'?"],
    ["load", { dagId: dagId("sale") }, "this code bundle has no dag 'sale'; did you mean 'sales'?"],
  ])("says that it lacks what was asked for: %s", async (name, run, message) => {
    const load = task("load", { run: () => {} });

    expect(await execute(pipelineOf(load), name, { run })).toMatchObject({
      kind: "failed",
      error: { class: "permanent", message },
    });
  });
});
