import { describe, expectTypeOf, test } from "vitest";
import { z } from "../../test/builders/schemas.ts";
import { dag, task, triggerDag, type ChildRun } from "./index.ts";

const extract = task("extract", { run: async () => ({ rows: 3, file: "a.csv" }) });
const work = task("work", { run: () => {} });
const load = dag("load", { params: z.object({ file: z.string(), rows: z.number().default(0) }), tasks: [work] });
const optionalOnly = dag("tidy", { params: z.object({ days: z.number().default(7) }), tasks: [work] });
const plain = dag("plain", { tasks: [work] });

describe("what a child run is started with", () => {
  test("is what the DAG's params say, from the outputs of the tasks before it", () => {
    triggerDag("load", {
      dag: load,
      inputs: { extract },
      with: ({ inputs }) => {
        expectTypeOf(inputs.extract).toEqualTypeOf<{ rows: number; file: string }>();
        return { file: inputs.extract.file, rows: inputs.extract.rows };
      },
    });
  });

  test("may leave out what has a default", () => {
    triggerDag("load", { dag: load, with: { file: "a.csv" } });
    triggerDag("tidy", { dag: optionalOnly });
    triggerDag("tidy", { dag: optionalOnly, with: async () => ({ days: 3 }) });
    triggerDag("plain", { dag: plain });
  });

  test("may not leave out the rest, or be of another type", () => {
    // @ts-expect-error -- `file` has no default
    triggerDag("load", { dag: load });
    // @ts-expect-error -- `file` is text
    triggerDag("load", { dag: load, with: { file: 3 } });
    // @ts-expect-error -- `file` is text
    triggerDag("load", { dag: load, inputs: { extract }, with: ({ inputs }) => ({ file: inputs.extract.rows }) });
  });

  test("is anything for a DAG that is named by its id alone", () => {
    triggerDag("load", { dag: "elsewhere", with: () => ({ anything: [1, "two"] }) });
    triggerDag("load", { dag: "elsewhere" });
  });

  test("reads the params of its own DAG by their schema", () => {
    const schema = z.object({ region: z.string() });
    triggerDag("load", { dag: load, params: schema, with: ({ params }) => ({ file: params.region }) });
  });
});

describe("the task", () => {
  test("gives which run it was", () => {
    task("after", {
      inputs: { child: triggerDag("load", { dag: plain }) },
      run: ({ inputs }) => {
        expectTypeOf(inputs.child).toEqualTypeOf<ChildRun>();
      },
    });
  });

  test("has no work of its own", () => {
    // @ts-expect-error -- the work is the child run's
    triggerDag("load", { dag: plain, run: () => {} });
  });

  test("knows its policies", () => {
    triggerDag("load", { dag: plain, onChildFailure: "ignore", timeout: "2h" });
    // @ts-expect-error -- no such policy
    triggerDag("load", { dag: plain, onChildFailure: "retry" });
  });
});
