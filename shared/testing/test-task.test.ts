import { readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "../../test/builders/schemas.ts";
import { branch, dag, every, map, quarantine, shortCircuit, skip, task } from "../dsl/index.ts";
import { testTask } from "./test-task.ts";

const extract = task("extract", { run: async () => ({ rows: 3, key: "raw/a.csv" }) });
const load = task("load", {
  inputs: { source: extract },
  run: async ({ inputs, log, ds, storage, staging }) => {
    const text = await storage.bucket("lake").getText(inputs.source.key);
    log.info(`loading ${ds}`, { rows: inputs.source.rows });
    await storage.bucket("lake").put("loaded/a.csv", text);
    return staging.put("a.csv", text.toUpperCase());
  },
});
const OPTIONS = {
  inputs: { source: { rows: 3, key: "raw/a.csv" } },
  interval: "2026-03-29",
  timezone: "Europe/London",
  buckets: { lake: { "raw/a.csv": "id\n1" } },
};

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe("what a task does", () => {
  test("its output, its log, what it staged and what it stored are there to be looked at", async () => {
    const tried = await testTask(load, OPTIONS);

    expect(tried.state).toBe("success");
    expect(tried.output).toMatchObject({ name: "a.csv", size: 4 });
    expect(tried.log).toEqual([{ level: "info", message: "loading 2026-03-29", fields: { rows: 3 } }]);
    expect(textOf(tried.staged.get("a.csv"))).toBe("ID\n1");
    expect([...tried.bucket("lake").keys()]).toEqual(["raw/a.csv", "loaded/a.csv"]);
  });

  test("a date is the whole day of the time zone", async () => {
    const covers = task("covers", {
      run: ({ interval }) => [interval.start.toISOString(), interval.end.toISOString()],
    });

    const { output } = await testTask(covers, { interval: "2026-03-29", timezone: "Europe/London" });

    expect(output).toEqual(["2026-03-29T00:00:00.000Z", "2026-03-29T23:00:00.000Z"]);
  });

  test("its output is what JSON makes of it", async () => {
    const { error } = await testTask(task("bad", { run: () => ({ rows: Number.NaN }) }));

    expect(error).toMatchObject({ name: "OUTPUT_NOT_JSON", class: "permanent" });
  });

  test("a failure has its class, and where it comes from", async () => {
    const flaky = task("flaky", {
      run: ({ attempt }) => {
        if (attempt < 3) throw new Error("connection refused");
      },
    });

    const [first, third] = [await testTask(flaky), await testTask(flaky, { attempt: 3 })];

    expect(first.error).toMatchObject({ name: "Error", message: "connection refused", class: "transient" });
    expect(first.error?.stack).toContain("test-task.test.ts");
    expect(third.state).toBe("success");
  });

  test("bad data is quarantined, and what has nothing to do is skipped", async () => {
    const checked = task("checked", { run: () => quarantine("12 rows without a customer") });
    const idle = task("idle", { run: () => skip("no files") });

    expect((await testTask(checked)).error).toMatchObject({
      class: "quarantine",
      message: "12 rows without a customer",
    });
    expect(await testTask(idle)).toMatchObject({ state: "skipped", reason: "no files" });
  });

  test("the defaults of its DAG say which errors are tried again", async () => {
    const call = task("call", {
      run: () => {
        throw new RangeError("far away");
      },
    });
    const owner = dag("calls", { defaults: { retry: { retries: 2, retryOn: ["RangeError"] } }, tasks: [call] });

    expect((await testTask(call, { dag: owner })).error?.retry).toBe(true);
  });

  test("a branch chooses among its children, and a short circuit says whether it goes on", async () => {
    const pick = branch("pick", { choices: ["left", "right"], run: () => "left" });
    const open = shortCircuit("open", { run: () => false });

    expect((await testTask(pick)).chosen).toEqual(["left"]);
    expect((await testTask(open)).proceeds).toBe(false);
  });

  test("an instance of a mapped task works on its item", async () => {
    const shards = task("shards", { run: () => [{ id: 1 }, { id: 2 }] });
    const work = map("work", {
      over: shards,
      key: ({ id }) => `s${id}`,
      run: ({ item, mapIndex, mapKey }) => [item.id, mapIndex, mapKey].join(),
    });

    expect((await testTask(work, { item: { id: 7 }, mapIndex: 4 })).output).toBe("7,4,s7");
  });

  test("params get their defaults from the schema", async () => {
    const params = z.object({ limit: z.number().default(10) });
    const limited = task("limited", { params, run: (ctx) => ctx.params.limit });

    expect((await testTask(limited)).output).toBe(10);
    expect((await testTask(limited, { params: { limit: 3 } })).output).toBe(3);
  });

  test("it is told where it runs", async () => {
    const where = task("where", { run: ({ environment }) => ({ ...environment }) });

    expect((await testTask(where)).output).toEqual({ name: "local", dataWindowMs: null });
    expect((await testTask(where, { environment: { name: "staging", dataWindow: "7d" } })).output).toEqual({
      name: "staging",
      dataWindowMs: 604_800_000,
    });
  });

  test("local files are in a folder that is gone afterwards", async () => {
    const copy = task("copy", {
      run: async ({ scratch, storage, staging }) => {
        const path = await storage.bucket("lake").download("raw/a.csv");
        await writeFile(join(scratch, "b.csv"), await readFile(path));
        await staging.upload("b.csv", join(scratch, "b.csv"));
        return scratch;
      },
    });

    const { output, staged } = await testTask(copy, { buckets: OPTIONS.buckets });

    expect(textOf(staged.get("b.csv"))).toBe("id\n1");
    expect(existsSync(output ?? "")).toBe(false);
  });

  test("files that started the run are those of the buckets", async () => {
    const count = task("count", { run: ({ run }) => run.files.map(({ key, size }) => `${key} ${size}`) });

    const { output } = await testTask(count, { buckets: OPTIONS.buckets, files: ["s3://lake/raw/a.csv"] });

    expect(output).toEqual(["raw/a.csv 4"]);
  });
});

describe("bad input is told in one pass", () => {
  const messageOf = async (trial: Promise<unknown>): Promise<string> => {
    const error = await trial.catch((thrown: unknown) => thrown);
    return error instanceof Error ? error.message : "it was taken";
  };

  test("all that does not fit the task", async () => {
    const options = {
      inputs: { sorce: new Date(0) },
      interval: { start: "2026-03-02", end: "2026-03-01" },
      attempt: 0,
      timezone: "Mars",
      files: ["a.csv"],
    };

    // @ts-expect-error -- misspelt input
    expect(await messageOf(testTask(load, options))).toBe(
      `task 'load' cannot be tried so; 5 mistakes:
- timezone: "Mars" is no time zone; expected one like "Europe/London"
- interval: it ends before it starts: 2026-03-02T00:00:00Z to 2026-03-01T00:00:00Z
- attempt: 0; expected a whole number from 1
- inputs: it takes no 'sorce'; did you mean 'source'?
- files: 'a.csv'; expected "s3://bucket/key"`,
    );
  });

  test("an environment that is none", async () => {
    const work = task("work", { run: () => 1 });
    const environment = { name: 7, dataWindow: "7 days", region: "eu-west-1" };

    // @ts-expect-error -- what somebody may write all the same
    expect(await messageOf(testTask(work, { environment }))).toBe(
      `task 'work' cannot be tried so; 3 mistakes:
- environment has no 'region'; expected { name: "staging", dataWindow: "7d" }, or one of them
- environment.name is 7; expected { name: "staging", dataWindow: "7d" }, or one of them
- environment.dataWindow is "7 days"; expected a duration such as "7d"`,
    );
  });

  test("an input that is not JSON", async () => {
    const options = { inputs: { source: { rows: 1, key: "a", at: new Date(0) } } };

    expect(await messageOf(testTask(load, options))).toBe(
      "task 'load' cannot be tried so; inputs.source: it is not JSON; $.at: a Date",
    );
  });

  test("a file that is in no bucket", async () => {
    expect(await messageOf(testTask(extract, { files: ["s3://lake/none.csv"] }))).toBe(
      "task 'extract' cannot be tried so; files: 's3://lake/none.csv' is not in 'buckets'",
    );
  });

  test("a mapped task without an item, and a branch without its DAG", async () => {
    const shards = task("shards", { run: () => [1] });
    const work = map("work", { over: shards, run: ({ item }) => item });
    const pick = branch("pick", { run: () => null });

    // @ts-expect-error -- no item
    expect(await messageOf(testTask(work, {}))).toContain("item: it is mapped: say which item it is to work on");
    expect(await messageOf(testTask(pick))).toContain("say which DAG it is in");
  });

  test("a DAG that does not have the task", async () => {
    const other = dag("other", { schedule: every.day(), tasks: [extract] });

    expect(await messageOf(testTask(load, { ...OPTIONS, dag: other }))).toBe(
      "task 'load' cannot be tried so; dag: 'other' does not have the task",
    );
  });
});
