import { expect, test } from "vitest";
import { aDispatch, aRunContext, anAttemptKey } from "../../test/builders/attempt.ts";
import { loose } from "../../test/builders/definitions.ts";
import { memoryObjectStore } from "../../test/builders/memory-object-store.ts";
import { dagId, runId, taskId } from "../core/ids.ts";
import { LOCAL_ENVIRONMENT, type RunnerResult } from "../core/task-host.ts";
import { dag, task, triggerDag } from "./index.ts";
import { bundle } from "./runtime.ts";

const CHILD = runId("load.child.20260302T120000Z-00000000000001");
const extract = task("extract", { run: () => ({ table: "orders" }) });

function execute(options: object, childId: typeof CHILD | null = CHILD): Promise<RunnerResult> {
  const nightly = dag("nightly", { tasks: [triggerDag("load_orders", loose({ dag: "load", ...options }))] });
  const dispatch = aDispatch({
    key: anAttemptKey({ runId: runId("nightly.r1"), taskId: taskId("load_orders") }),
    run: aRunContext({ runId: runId("nightly.r1"), dagId: dagId("nightly") }),
    ...(childId === null ? {} : { childId }),
  });
  return bundle([{ nightly }]).execute(
    { dispatch, outputs: { extract: { table: "orders" } }, files: [] },
    {
      signal: new AbortController().signal,
      scratch: "/scratch",
      staging: { bucket: "staging", prefix: "nightly/" },
      objects: memoryObjectStore(),
      environment: LOCAL_ENVIRONMENT,
      log: () => {},
      now: () => 0,
    },
  );
}

test("the params come from a function of the context, and the output names the child run", async () => {
  const given = { inputs: { extract }, with: ({ inputs }: { inputs: { extract: object } }) => inputs.extract };

  expect(await execute(given)).toEqual({
    kind: "success",
    output: { dagId: "load", runId: CHILD },
    child: { params: { table: "orders" } },
  });
});

test("the params may be written in place, or left out", async () => {
  expect(await execute({ with: { rows: 3 } })).toMatchObject({ child: { params: { rows: 3 } } });
  expect(await execute({})).toMatchObject({ child: { params: {} } });
});

test.each([
  [() => "orders", "they are no object"],
  [() => ({ at: new Date(0) }), "params.at: a Date"],
])("params that JSON cannot carry fail the task", async (given, fault) => {
  expect(await execute({ with: given })).toMatchObject({
    kind: "failed",
    error: { name: "INVALID_PARAMS", class: "permanent", message: expect.stringContaining(fault) as string },
  });
});

test("tried alone it starts nothing, and shows what it would start the run with", async () => {
  expect(await execute({ with: { rows: 3 } }, null)).toEqual({ kind: "success", output: { rows: 3 } });
});
