import { describe, expectTypeOf, test } from "vitest";
import { map, optional, task, type MappedTask } from "./index.ts";

const shards = task("shards", { run: () => [{ name: "a", rows: 3 }, null] });
const config = task("config", { run: () => ({ region: "eu" }) });
const load = map("load", { over: shards, run: ({ item }) => (item.rows > 2 ? { loaded: item.rows } : null) });

describe("a mapped task", () => {
  test("sees one item of the list, never null", () => {
    map("each", {
      over: shards,
      run: ({ item, mapIndex, mapKey }) => {
        expectTypeOf(item).toEqualTypeOf<{ name: string; rows: number }>();
        expectTypeOf(mapIndex).toEqualTypeOf<number>();
        expectTypeOf(mapKey).toEqualTypeOf<string | null>();
      },
    });
  });

  test("sees constants beside the item", () => {
    map("each", {
      over: shards,
      inputs: { config },
      run: ({ inputs }) => {
        expectTypeOf(inputs).toEqualTypeOf<{ readonly config: { region: string } }>();
      },
    });
  });

  test("names its instances by their items", () => {
    map("each", { over: shards, key: ({ name }) => name, run: () => {} });
    // @ts-expect-error -- a key is a text
    map("each", { over: shards, key: ({ rows }) => rows, run: () => {} });
  });

  test("gives the list of its results, without nulls", () => {
    expectTypeOf(load).toExtend<MappedTask<"load">>();
    task("sum", {
      inputs: { load },
      run: ({ inputs }) => {
        expectTypeOf(inputs.load).toEqualTypeOf<readonly { loaded: number }[]>();
      },
    });
  });

  test("gives nothing that JSON cannot carry", () => {
    // @ts-expect-error -- task 'each': output.at is a Date: use toISOString()
    map("each", { over: shards, run: () => ({ at: new Date() }) });
  });

  test("needs a task that gives a list", () => {
    // @ts-expect-error -- 'config' gives no list: a task can be mapped over a list only
    map("each", { over: config, run: () => {} });
    // @ts-expect-error -- a list itself is no task
    map("each", { over: [1, 2], run: () => {} });
    // @ts-expect-error -- without its list there is nothing to map
    map("each", { over: optional(shards), run: () => {} });
  });

  test("is not mapped over another mapped task", () => {
    // @ts-expect-error -- 'load' is mapped itself: put a task between them
    map("each", { over: load, run: () => {} });
  });
});
