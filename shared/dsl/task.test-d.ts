import { describe, expectTypeOf, test } from "vitest";
import { z } from "../../test/builders/schemas.ts";
import {
  branch,
  dag,
  optional,
  permanent,
  pool,
  quarantine,
  setup,
  shortCircuit,
  skip,
  task,
  teardown,
  type JsonValue,
} from "./index.ts";

const extract = task("extract", { run: async () => ({ rows: 3, file: "a.csv" }) });
const cleanup = task("cleanup", { run: async () => {} });
const table = setup("table", { run: () => ({ name: "tmp" }) });

describe("outputs reach consumers with their types", () => {
  test("an input has the type of the upstream's output", () => {
    task("load", {
      inputs: { extract },
      run: ({ inputs }) => {
        expectTypeOf(inputs).toEqualTypeOf<{ readonly extract: { rows: number; file: string } }>();
        expectTypeOf(inputs.extract.rows).not.toBeAny();
        return inputs.extract.rows;
      },
    });
  });

  test("an input has the name that the consumer gives it", () => {
    task("load", {
      inputs: { source: extract },
      run: ({ inputs }) => {
        expectTypeOf(inputs.source.file).toEqualTypeOf<string>();
      },
    });
  });

  test("types flow through a chain of tasks", () => {
    const double = task("double", { inputs: { extract }, run: async ({ inputs }) => inputs.extract.rows * 2 });
    task("show", {
      inputs: { double },
      run: ({ inputs }) => {
        expectTypeOf(inputs.double).toEqualTypeOf<number>();
      },
    });
  });

  test("an output that may be missing stays so", () => {
    const maybe = task("maybe", { run: ({ attempt }) => (attempt > 1 ? { at: "x" } : undefined) });
    task("use", {
      inputs: { maybe },
      run: ({ inputs }) => {
        expectTypeOf(inputs.maybe).toEqualTypeOf<{ at: string } | undefined>();
      },
    });
  });

  test("a task without output gives undefined", () => {
    task("use", {
      inputs: { cleanup },
      run: ({ inputs }) => {
        expectTypeOf(inputs.cleanup).toEqualTypeOf<undefined>();
      },
    });
  });

  test("an interface, a type that contains itself, and optional members are JSON", () => {
    interface Tree {
      readonly name: string;
      readonly note?: string;
      readonly children: readonly Tree[];
    }
    const grow = task("grow", { run: (): Tree => ({ name: "root", children: [] }) });
    task("use", {
      inputs: { grow },
      run: ({ inputs }) => {
        expectTypeOf(inputs.grow).toEqualTypeOf<Tree>();
      },
    });
  });

  test("any JSON value is JSON", () => {
    const parse = task("parse", { run: (): JsonValue => null });
    task("use", {
      inputs: { parse },
      run: ({ inputs }) => {
        expectTypeOf(inputs.parse).toEqualTypeOf<JsonValue>();
      },
    });
    type Nested = number | readonly Nested[];
    task("nested", { run: (): Nested => [1, [2]] });
    task("pair", { run: (): readonly [string, number] => ["a", 1] });
    // @ts-expect-error -- output[] is a Date
    task("pair", { run: (): readonly [string, Date] => ["a", new Date(0)] });
    // @ts-expect-error -- output.at is a Date, beside a JSON value
    task("mixed", { run: () => ({ value: null as JsonValue, at: new Date(0) }) });
  });

  test("a task that ends by skip, quarantine or permanent has the output of its other ways", () => {
    const checked = task("checked", {
      inputs: { extract },
      run: ({ inputs }) => {
        if (inputs.extract.rows === 0) skip("no rows");
        if (inputs.extract.rows < 0) quarantine("negative");
        if (inputs.extract.rows > 9) permanent(new Error("too many"));
        return { ok: true };
      },
    });
    task("use", {
      inputs: { checked },
      run: ({ inputs }) => {
        expectTypeOf(inputs.checked).toEqualTypeOf<{ ok: boolean }>();
      },
    });
  });

  test("a function that is written apart is checked against the inputs", () => {
    const count = async ({ inputs }: { inputs: { extract: { rows: number } } }) => inputs.extract.rows;
    const counted = task("counted", { inputs: { extract }, run: count });
    expectTypeOf(counted).not.toBeAny();
    // @ts-expect-error -- missing input: `count` needs `extract`
    task("miscounted", { run: count });
    // @ts-expect-error -- the input `extract` has no rows
    task("misfed", { inputs: { extract: cleanup }, run: count });
  });
});

describe("a misuse does not compile", () => {
  test("an unknown input", () => {
    task("load", {
      inputs: { extract },
      // @ts-expect-error -- misspelt upstream
      run: ({ inputs }) => inputs.extrat.rows as number,
    });
  });

  test("an unknown member of an output", () => {
    task("load", {
      inputs: { extract },
      // @ts-expect-error -- the output has `rows`
      run: ({ inputs }) => inputs.extract.row as number,
    });
  });

  test("an input that was not asked for", () => {
    // @ts-expect-error -- there are no inputs
    task("load", { run: ({ inputs }) => inputs.extract as number });
  });

  test("an id in the place of a task", () => {
    // @ts-expect-error -- an upstream is a value
    task("load", { inputs: { extract: "extract" }, run: () => {} });
    // @ts-expect-error -- an upstream is a value
    task("load", { after: ["extract"], run: () => {} });
  });

  test("an output with a Date, a Map, a Set, a bigint, a function, undefined or a class", () => {
    // @ts-expect-error -- Misuse<"task 'dated': output.at is a Date: use toISOString()">
    task("dated", { run: async ({ interval }) => ({ at: interval.start }) });
    // @ts-expect-error -- output[].at is a Date
    task("deep", { run: () => [{ at: new Date(0) }] });
    // @ts-expect-error -- output is a Map
    task("mapped", { run: () => new Map<string, number>() });
    // @ts-expect-error -- output.ids is a Set
    task("collected", { run: () => ({ ids: new Set<string>() }) });
    // @ts-expect-error -- output.total is a bigint
    task("large", { run: () => ({ total: 1n }) });
    // @ts-expect-error -- output.next is a function
    task("lazy", { run: () => ({ next: () => 1 }) });
    // @ts-expect-error -- output.note is undefined
    task("gone", { run: () => ({ note: undefined as string | undefined }) });
    // @ts-expect-error -- output.url is a class
    task("addressed", { run: () => ({ url: new URL("http://localhost") }) });
    // @ts-expect-error -- output is bytes
    task("binary", { run: () => new Uint8Array(1) });
  });

  test("an output that is any or unknown, which would make inputs any", () => {
    // @ts-expect-error -- Misuse<"task 'parsed': output is any: give it a type">
    task("parsed", { run: () => JSON.parse("1") });
    // @ts-expect-error -- output.body is any
    task("fetched", { run: async () => ({ body: JSON.parse("1") }) });
    // @ts-expect-error -- output.rows is any, beside what is fine
    task("half_parsed", { run: () => ({ count: 1, rows: [JSON.parse("1")] }) });
    // @ts-expect-error -- output is unknown
    task("foreign", { run: (): unknown => 1 });
  });

  test("an unchecked optional()", () => {
    task("load", {
      inputs: { extra: optional(extract) },
      run: ({ inputs }) => {
        expectTypeOf(inputs.extra).toEqualTypeOf<{ rows: number; file: string } | undefined>();
        // @ts-expect-error -- 'inputs.extra' is possibly 'undefined'
        return inputs.extra.rows;
      },
    });
  });

  test("an input taken for granted under a rule that does not need it", () => {
    task("report", {
      inputs: { extract },
      rule: "all_done",
      // @ts-expect-error -- extract may have failed
      run: ({ inputs }) => inputs.extract.rows,
    });
    teardown("drop", {
      of: [table],
      inputs: { table },
      // @ts-expect-error -- one of several setups may have failed
      run: ({ inputs }) => inputs.table.name,
    });
  });

  test("a teardown of a task that is no setup", () => {
    // @ts-expect-error -- extract was not made by setup()
    teardown("drop", { of: [extract], run: () => {} });
  });

  test("an option that does not exist, or has another type", () => {
    // @ts-expect-error -- 'retries' belongs in `retry`
    task("load", { retries: 3, run: () => {} });
    // @ts-expect-error -- a duration has a unit
    task("load", { timeout: 30, run: () => {} });
    // @ts-expect-error -- a duration has a unit that exists
    task("load", { timeout: "10 minutes", run: () => {} });
    // @ts-expect-error -- no such rule
    task("load", { rule: "all_good", run: () => {} });
  });
});

describe("branches", () => {
  test("a choice may be an id, tasks, or nothing", () => {
    const size = branch("size", {
      inputs: { extract },
      run: ({ inputs }) => (inputs.extract.rows > 9 ? "large" : null),
    });
    const large = task("large", { after: [size], run: () => {} });
    branch("by_value", { run: () => large });
    branch("by_values", { run: async () => [large, "small"] });
  });

  test("declared choices are the only ones", () => {
    branch("size", { choices: ["large", "small"], run: ({ attempt }) => (attempt > 1 ? "large" : "small") });
    // @ts-expect-error -- 'smal' is no choice
    branch("size", { choices: ["large", "small"], run: ({ attempt }) => (attempt > 1 ? "large" : "smal") });
  });

  test("a short circuit answers with a boolean", () => {
    shortCircuit("enough", { inputs: { extract }, run: ({ inputs }) => inputs.extract.rows > 0 });
    // @ts-expect-error -- a number is no answer
    shortCircuit("enough", { inputs: { extract }, run: ({ inputs }) => inputs.extract.rows });
  });
});

describe("params", () => {
  const params = z.object({ region: z.string().default("uk"), limit: z.coerce.number().optional() });

  test("reach a task that names the schema, as the schema gives them", () => {
    task("load", {
      params,
      run: (ctx) => {
        expectTypeOf(ctx.params).toEqualTypeOf<{ region: string; limit?: number | undefined }>();
      },
    });
  });

  test("reach hooks", () => {
    task("load", {
      params,
      onFailure: (event, ctx) => {
        expectTypeOf(event.taskId).toEqualTypeOf<string | null>();
        expectTypeOf(ctx.params.region).toEqualTypeOf<string>();
      },
      run: () => {},
    });
    dag("daily", {
      params,
      onFailure: (_event, ctx) => {
        expectTypeOf(ctx.params.region).toEqualTypeOf<string>();
      },
      tasks: [extract],
    });
  });

  test("are not there for a task that names none", () => {
    // @ts-expect-error -- the task must declare `params`
    task("load", { run: ({ params: given }) => given.region as string });
  });

  test("hooks see no inputs", () => {
    task("load", {
      inputs: { extract },
      // @ts-expect-error -- a hook has no inputs
      onFailure: (_event, ctx) => ctx.log.info(String(ctx.inputs.extract)),
      run: () => {},
    });
  });
});

test("a dag takes tasks, not ids", () => {
  // @ts-expect-error -- tasks are values
  dag("daily", { tasks: ["extract"] });
});

test("a task takes slots of pools, not of their ids", () => {
  const warehouse = pool("warehouse", { slots: 8 });
  task("load", { pools: [warehouse, { pool: pool("api", { slots: 2 }), slots: 2 }], run: () => {} });
  // @ts-expect-error -- pools are values
  task("load", { pools: ["warehouse"], run: () => {} });
  // @ts-expect-error -- a pool says how many slots it has
  pool("endless", {});
});
