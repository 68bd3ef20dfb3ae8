import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loose, manifestOf, problemOf, problemsIn, sales, work } from "../../../test/builders/definitions.ts";
import { DAG_TASKS_MAX } from "../../core/manifest.ts";
import { setup, task, teardown } from "../index.ts";
import type { Dag, SetupTask, Task } from "../index.ts";

const noop = { run: () => {} };

describe("a teardown", () => {
  const edges = (tasks: readonly Task[], id: string): readonly string[] =>
    manifestOf(sales({ tasks }))
      .tasks.find(({ taskId }) => taskId === id)
      ?.upstream.map(({ taskId }) => taskId) ?? [];

  test("waits for everything that comes after its setups", () => {
    const make = setup("make", noop);
    const load = task("load", { after: [make], run: () => {} });
    const check = task("check", { after: [load], run: () => {} });
    const other = task("other", noop);
    const drop = teardown("drop", { of: [make], run: () => {} });

    expect(edges([drop, check, other], "drop")).toEqual(["make", "check", "load"]);
  });

  test("comes after what it waits for in the manifest's order", () => {
    const make = setup("make", noop);
    const drop = teardown("drop", { of: [make], run: () => {} });
    const load = task("load", { after: [make], run: () => {} });

    const { tasks } = manifestOf(sales({ tasks: [drop, load] }));

    expect(tasks.map(({ taskId, rule }) => [taskId, rule])).toEqual([
      ["make", "all_success"],
      ["load", "all_success"],
      ["drop", "all_done_setup_success"],
    ]);
  });

  test("does not wait for what comes after it", () => {
    const make = setup("make", noop);
    const drop = teardown("drop", { of: [make], run: () => {} });
    const tell = task("tell", { after: [make, drop], run: () => {} });

    expect(edges([tell], "drop")).toEqual(["make"]);
  });

  test("of an outer setup waits for that of an inner one", () => {
    const cluster = setup("cluster", noop);
    const table = setup("table", { after: [cluster], run: () => {} });
    const load = task("load", { after: [table], run: () => {} });
    const dropTable = teardown("drop_table", { of: [table], run: () => {} });
    const stop = teardown("stop", { of: [cluster], run: () => {} });

    expect(edges([stop, dropTable, load], "stop")).toEqual(["cluster", "drop_table", "load", "table"]);
    expect(edges([stop, dropTable, load], "drop_table")).toEqual(["table", "load"]);
  });

  test("waits for all that is between, in any graph, and no cycle comes of it", () => {
    const anyGraph = fc.array(fc.record({ above: fc.array(fc.nat(), { maxLength: 3 }), torn: fc.boolean() }), {
      minLength: 1,
      maxLength: 12,
    });

    fc.assert(
      fc.property(anyGraph, (graph) => {
        const tasks: Task[] = [];
        const teardowns: Task[] = [];
        for (const [index, { above, torn }] of graph.entries()) {
          const after = tasks.length === 0 ? [] : above.map((n) => tasks[n % tasks.length] as Task);
          const made = torn ? setup(`t${index}`, { after, run: () => {} }) : work(`t${index}`, { after });
          tasks.push(made);
          if (torn) teardowns.push(teardown(`drop${index}`, { of: [made as SetupTask], run: () => {} }));
        }
        const specs = manifestOf(sales({ tasks: [...teardowns, ...tasks] })).tasks;
        const order = specs.map(({ taskId }): string => taskId);
        for (const { upstream, setups, taskId } of specs) {
          const waitsFor = upstream.map((edge): string => edge.taskId);
          for (const id of waitsFor) expect(order.indexOf(id)).toBeLessThan(order.indexOf(taskId));
          const below = specs.filter(
            (spec) => spec.role !== "teardown" && spec.upstream.some((edge) => setups.includes(edge.taskId)),
          );
          for (const spec of below) expect(waitsFor).toContain(spec.taskId);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("needs a setup", () => {
    const drop = (of: unknown) => sales({ tasks: [teardown("drop", loose({ of, ...noop }))] });

    expect(problemOf(drop([]))).toBe(
      "DAG011 dag 'sales': task 'drop': of is empty, expected the setups that it takes down",
    );
    expect(problemOf(drop(undefined))).toContain("DAG011 dag 'sales': task 'drop': of is undefined");
    expect(problemOf(drop([work("load")]))).toContain("of[0] is the task 'load', which is no setup");
  });
});

describe("cycles", () => {
  /** `x` comes after each of `edges[x]`. */
  function cyclic(edges: Readonly<Record<string, readonly string[]>>): Dag {
    const after = new Map(Object.keys(edges).map((id) => [id, [] as Task[]]));
    const tasks = new Map([...after].map(([id, list]) => [id, work(id, { after: list })]));
    for (const [id, above] of Object.entries(edges)) {
      for (const other of above) after.get(id)?.push(tasks.get(other) ?? work(other));
    }
    return sales({ tasks: [...tasks.values()] });
  }

  test.each<[string, Readonly<Record<string, readonly string[]>>, string, string]>([
    ["a task that waits for itself", { load: ["load"] }, "load -> load", "remove 'load' from what 'load' comes after"],
    [
      "two that wait for each other",
      { load: ["check"], check: ["load"] },
      "load -> check -> load",
      "remove 'check' from what 'load' comes after",
    ],
    [
      "the shorter of two ways round",
      { a: ["d", "c"], b: ["a"], c: ["b"], d: ["c"], e: ["d"], f: [] },
      "a -> b -> c -> a",
      "remove 'c' from what 'a' comes after",
    ],
  ])("are shown with the way round: %s", (_what, edges, path, help) => {
    const [problem, ...others] = problemsIn(cyclic(edges));

    expect(problem).toMatchObject({ code: "DAG003", message: `dag 'sales': tasks form a cycle: ${path}`, help });
    expect(others).toEqual([]);
  });

  test("are found in a large graph in time", () => {
    const edges = Object.fromEntries(
      Array.from({ length: DAG_TASKS_MAX }, (_, n) => [`t${n}`, [`t${(n + 1) % DAG_TASKS_MAX}`]]),
    );

    expect(problemOf(cyclic(edges))).toMatch(/^DAG003 .*: t0 -> .* -> … 4951 more … -> .* -> t0$/);
  });
});
