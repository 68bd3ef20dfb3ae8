import { describe, expect, test } from "vitest";
import { aDispatch, anAttemptKey, aRunContext } from "../../../test/builders/attempt.ts";
import { memoryObjectStore } from "../../../test/builders/memory-object-store.ts";
import { dagId, taskId, UNMAPPED } from "../../core/ids.ts";
import type { JsonValue } from "../../core/json.ts";
import { LOCAL_ENVIRONMENT, type RunnerResult } from "../../core/task-host.ts";
import { dag, map, task, type Task } from "../index.ts";
import { bundle } from "../runtime.ts";

const HOST = {
  signal: new AbortController().signal,
  scratch: "/scratch",
  staging: { bucket: "staging", prefix: "sales/" },
  objects: memoryObjectStore(),
  environment: LOCAL_ENVIRONMENT,
  log: () => {},
  now: () => 0,
};

/** Runs `name` of a DAG with this mapped task; with `item`, as an instance. */
function execute(
  mapped: Task,
  name: string,
  { mapIndex = UNMAPPED, mappedBy = [] as readonly string[] },
  item?: JsonValue,
): Promise<RunnerResult> {
  const dispatch = aDispatch({
    key: anAttemptKey({ taskId: taskId(name), mapIndex }),
    run: aRunContext({ dagId: dagId("sales") }),
    ...(mappedBy.length === 0 ? {} : { mappedBy: mappedBy.map(taskId) }),
  });
  const given = { dispatch, outputs: {}, files: [], ...(item === undefined ? {} : { item: { value: item } }) };
  return bundle([{ default: dag("sales", { tasks: [mapped] }) }]).execute(given, HOST);
}

describe("maps", () => {
  const shards = task("shards", { run: () => [{ name: "a" }, null, { name: "b" }] });

  test("an instance gets its item, its index and its key", async () => {
    const load = map("load", {
      over: shards,
      key: ({ name }) => name,
      run: ({ item, mapIndex, mapKey }) => `${item.name} ${mapIndex} ${mapKey}`,
    });

    const result = await execute(load, "load", { mapIndex: 417 }, { name: "b" });

    expect(result).toEqual({ kind: "success", output: "b 417 b" });
  });

  test("without a key function its key is null", async () => {
    const load = map("load", { over: shards, run: ({ mapKey }) => ({ mapKey }) });

    expect(await execute(load, "load", { mapIndex: 0 }, {})).toMatchObject({
      output: { mapKey: null },
    });
  });

  test("the task that gives the list gives the keys of its items with it", async () => {
    const load = map("load", { over: shards, key: ({ name }) => `shard ${name}`, run: () => {} });

    const result = await execute(load, "shards", { mappedBy: ["load"] });

    expect(result).toMatchObject({ kind: "success", keys: { load: ["shard a", "shard b"] } });
  });

  test.each([
    ["throws", () => JSON.parse("{"), "item 0: "],
    ["gives no text", () => 3, "item 0: its key function gave number, expected a text"],
    ["gives an empty text", () => "", "item 0: its key function gave an empty text"],
  ])("says so where a key function %s", async (_what, key, text) => {
    const load = map("load", { over: shards, key: key as () => string, run: () => {} });

    const result = await execute(load, "shards", { mappedBy: ["load"] });

    expect(result).toMatchObject({ kind: "success", keys: { load: expect.stringContaining(text) as string } });
  });
});
