import { describe, expectTypeOf, test } from "vitest";
import { z } from "../../test/builders/schemas.ts";
import { map, optional, task, type Task } from "../dsl/index.ts";
import { testTask } from "./test-task.ts";

const extract = task("extract", { run: async () => ({ rows: 3, file: "a.csv" }) });
const load = task("load", { inputs: { extract }, run: ({ inputs }) => inputs.extract.rows > 0 });
const quiet = task("quiet", { run: () => {} });

describe("testTask knows its task", () => {
  test("the output has the task's type, or is undefined", async () => {
    const { output } = await testTask(extract);
    expectTypeOf(output).toEqualTypeOf<{ rows: number; file: string } | undefined>();
    expectTypeOf((await testTask(load, { inputs: { extract: { rows: 1, file: "" } } })).output).toEqualTypeOf<
      boolean | undefined
    >();
    expectTypeOf((await testTask(quiet)).output).toEqualTypeOf<undefined>();
  });

  test("inputs are those of the task, all of them", () => {
    // @ts-expect-error -- load takes an input
    void testTask(load);
    // @ts-expect-error -- the input is missing
    void testTask(load, { inputs: {} });
    // @ts-expect-error -- rows is a number
    void testTask(load, { inputs: { extract: { rows: "1", file: "" } } });
    // @ts-expect-error -- misspelt
    void testTask(load, { inputs: { extrat: { rows: 1, file: "" } } });
  });

  test("an input that may be missing may be left out", () => {
    const tolerant = task("tolerant", {
      inputs: { extract: optional(extract) },
      run: ({ inputs }) => inputs.extract?.rows ?? 0,
    });
    void testTask(tolerant);
    void testTask(tolerant, { inputs: { extract: { rows: 1, file: "" } } });
  });

  test("params are those of the schema", () => {
    const limited = task("limited", {
      params: z.object({ limit: z.number().default(1) }),
      run: ({ params }) => params.limit,
    });
    void testTask(limited);
    void testTask(limited, { params: { limit: 3 } });
    // @ts-expect-error -- limit is a number
    void testTask(limited, { params: { limit: "3" } });
    // @ts-expect-error -- the task takes no params
    void testTask(extract, { params: { limit: 3 } });
  });

  test("an instance of a mapped task has an item, and gives what its function gives", async () => {
    const shards = task("shards", { run: () => [{ id: 1 }] });
    const work = map("work", { over: shards, run: ({ item }) => ({ twice: item.id * 2 }) });
    const { output } = await testTask(work, { item: { id: 1 } });
    expectTypeOf(output).toEqualTypeOf<{ twice: number } | undefined>();
    // @ts-expect-error -- it works on an item
    void testTask(work);
    // @ts-expect-error -- the item has a number
    void testTask(work, { item: { id: "1" } });
    // @ts-expect-error -- it is not mapped
    void testTask(extract, { item: 1 });
  });

  test("a task whose type is not known takes any inputs", () => {
    const any = extract as Task;
    void testTask(any, { inputs: { whatever: 1 } });
  });
});
