import { describe, expect, test } from "vitest";
import {
  loose,
  manifestOf,
  problemOf,
  problemsIn,
  sales,
  taskSpecOf,
  work,
} from "../../../test/builders/definitions.ts";
import { compileAll } from "../compile.ts";
import { dag, pool, task } from "../index.ts";

const warehouse = pool("warehouse", { slots: 3 });
const api = pool("api", { slots: 1 });

const priorities = (options: object): Readonly<Record<string, number>> => {
  const first = work("first", { priority: 2, pools: [api] });
  const left = work("left", { after: [first], priority: 3 });
  const right = work("right", { after: [first] });
  const last = work("last", { after: [left, right], priority: 10 });
  const { tasks } = manifestOf(sales({ ...options, tasks: [last] }));
  return Object.fromEntries(tasks.map(({ taskId, priority }) => [taskId, priority]));
};

describe("pools of a task", () => {
  test("are taken by name, one slot each unless it says more", () => {
    expect(taskSpecOf({ pools: [{ pool: warehouse, slots: 2 }, api] }).pools).toEqual([
      { pool: "api", slots: 1 },
      { pool: "warehouse", slots: 2 },
    ]);
  });

  test("stand in the manifest of its DAG, with their sizes, once each", () => {
    const { pools } = manifestOf(
      sales({ tasks: [work("a", { pools: [warehouse, api] }), work("b", { pools: [api] })] }),
    );

    expect(pools).toEqual([
      { pool: "api", slots: 1 },
      { pool: "warehouse", slots: 3 },
    ]);
  });

  test("that nobody takes slots of are in no manifest", () => {
    expect(manifestOf(sales()).pools).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["an id for a pool", { pools: ["warehouse"] }, 'DAG024 pools[0] is "warehouse" (text), expected pools, such as'],
    ["one pool for a list", { pools: warehouse }, "DAG024 pools is an object, expected pools"],
    ["something else for a pool", { pools: [{ slots: 2 }] }, "DAG024 pools[0] is an object, expected pools"],
    [
      "a negative weight",
      { pools: [{ pool: api, slots: -1 }] },
      "DAG005 pools[0].slots is -1 (a number), expected a whole",
    ],
    ["a fraction", { pools: [{ pool: warehouse, slots: 1.5 }] }, "DAG005 pools[0].slots is 1.5 (a number)"],
    ["no weight", { pools: [{ pool: warehouse, slots: 0 }] }, "DAG005 pools[0].slots is 0 (a number)"],
    [
      "a pool twice",
      { pools: [api, { pool: api, slots: 1 }] },
      "DAG024 pools[1] is the pool 'api', which it names already",
    ],
    [
      "more than there is",
      { pools: [{ pool: warehouse, slots: 4 }] },
      "DAG025 it takes 4 slots of the pool 'warehouse', which has 3: it could never start",
    ],
    [
      "a pool without slots",
      { pools: [pool("closed", { slots: 0 })] },
      "DAG025 it takes 1 slot of the pool 'closed', which has none",
    ],
    ["a negative priority", { priority: -1 }, "DAG005 priority is -1 (a number), expected a whole number from 0"],
    ["half a task at once", { maxActive: 0.5 }, "DAG005 maxActive is 0.5 (a number), expected a whole number from 1"],
  ])("are refused: %s", (_what, options, expected) => {
    const [code = "", message = ""] = expected.split(/(?<=^DAG\d+) /);

    const found = problemOf(sales({ tasks: [work("load", options)] }));

    expect(found).toMatch(new RegExp(`^${code} dag 'sales': task 'load': `));
    expect(found).toContain(message);
  });

  test("a task that is too wide is shown with its pool", () => {
    const [problem] = problemsIn(sales({ tasks: [work("load", { pools: [{ pool: warehouse, slots: 9 }] })] }));

    expect(problem?.labels).toMatchObject([{ text: "the pool" }]);
    expect(problem?.help).toBe("take at most 3, or give the pool more");
  });
});

describe("a pool", () => {
  test.each<[string, unknown, string]>([
    ["an id that is not allowed", pool(loose("a/b"), { slots: 1 }), `DAG001 pool 'a/b': its id has "/" at position 2`],
    [
      "a negative size",
      pool("p", { slots: -1 }),
      "DAG005 pool 'p': slots is -1 (a number), expected a whole number from 0",
    ],
    ["a fraction", pool("p", { slots: 2.5 }), "DAG005 pool 'p': slots is 2.5 (a number)"],
    ["no size", pool("p", loose({})), "DAG005 pool 'p': slots is undefined, expected"],
    [
      "no options",
      pool("p", loose(undefined)),
      "DAG005 pool 'p': its options are undefined, expected an object such as",
    ],
    ["an unknown option", pool("p", loose({ slots: 1, size: 2 })), "DAG004 pool 'p': there is no option 'size'"],
  ])("is refused, once: %s", (_what, wrong, expected) => {
    const found = problemOf(sales({ tasks: [work("a", { pools: [wrong] }), work("b", { pools: [wrong] })] }));

    expect(found).toContain(expected);
  });

  test("of one size in two files is one pool", () => {
    const file = (name: string) => ({
      file: `${name}.dag.ts`,
      exports: { default: dag(name, { tasks: [task("a", { pools: [pool("shared", { slots: 2 })], run: () => 1 })] }) },
    });

    const compiled = compileAll([file("one"), file("two")]);

    expect(compiled.flatMap(({ problems }) => problems)).toEqual([]);
  });

  test("of two sizes is refused, with both places", () => {
    const of = (slots: number) => pool("shared", { slots });
    const [problem] = problemsIn(sales({ tasks: [work("a", { pools: [of(2)] }), work("b", { pools: [of(3)] })] }));

    expect(problem).toMatchObject({
      code: "DAG026",
      message: "pool 'shared': it has 3 slots here, and 2 elsewhere",
      labels: [{ text: "elsewhere" }],
    });
  });

  test("all that is wrong is told at once", () => {
    const bad = pool("b!d", { slots: -2 });
    const found = problemsIn(sales({ tasks: [work("load", { pools: [bad, "api", { pool: warehouse, slots: 4 }] })] }));

    expect(found.map(({ code }) => code).toSorted()).toEqual(["DAG001", "DAG005", "DAG024", "DAG025"]);
  });
});

describe("limits", () => {
  test("on a task are a pool of its own", () => {
    const manifest = manifestOf(sales({ tasks: [work("load", { maxActive: 2 })] }));

    expect(manifest.pools).toEqual([{ pool: "task:sales.load", slots: 2 }]);
    expect(manifest.tasks[0]?.pools).toEqual([{ pool: "task:sales.load", slots: 1 }]);
  });

  test("on a DAG are a pool that all of its tasks take a slot of", () => {
    const manifest = manifestOf(sales({ maxActiveTasks: 4, tasks: [work("a", { pools: [api] }), work("b")] }));

    expect(manifest.pools).toEqual([
      { pool: "api", slots: 1 },
      { pool: "dag:sales", slots: 4 },
    ]);
    expect(manifest.tasks.map(({ pools }) => pools.length)).toEqual([2, 1]);
  });
});

describe("priority", () => {
  test("counts all that comes after, each once, unless the DAG says otherwise", () => {
    expect(priorities({})).toEqual({ first: 16, left: 13, right: 11, last: 10 });
  });

  test("counts all that comes before, by the rule upstream", () => {
    expect(priorities({ priorityRule: "upstream" })).toEqual({ first: 2, left: 5, right: 3, last: 16 });
  });

  test("is what was given, by the rule absolute", () => {
    expect(priorities({ priorityRule: "absolute" })).toEqual({ first: 2, left: 3, right: 1, last: 10 });
  });

  test("a rule that is none is refused", () => {
    expect(problemOf(sales({ priorityRule: "downstrem" }))).toContain("did you mean 'downstream'?");
  });
});
