import { describe, expect, test } from "vitest";
import { loose, manifestOf, problemsIn, work } from "../../../test/builders/definitions.ts";
import type { Problem } from "../../core/problem.ts";
import { compileAll } from "../compile.ts";
import { dag, triggerDag, type Dag } from "../index.ts";

const load = dag("load", { tasks: [work("copy")] });
const trigger = (options: object, id = "trigger"): ReturnType<typeof work> => triggerDag(id, loose(options));
const nightly = (...tasks: readonly ReturnType<typeof work>[]): Dag => dag("nightly", { tasks });

const childOf = (options: object): unknown => manifestOf(nightly(trigger(options))).tasks[0]?.child;
const told = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ code, level, message }) => `${level} ${code} ${message}`);
const faults = (options: object): readonly string[] => told(problemsIn(nightly(trigger(options))));

/** Each DAG in a file of its own: `a` waits for the DAGs named after it. */
function filesOf(waits: Readonly<Record<string, readonly string[]>>, wait = true): ReturnType<typeof compileAll> {
  return compileAll(
    Object.entries(waits).map(([id, others]) => ({
      file: `${id}.dag.ts`,
      exports: {
        default: dag(id, { tasks: [work("first"), ...others.map((to) => trigger({ dag: to, wait }, `start_${to}`))] }),
      },
    })),
  );
}

describe("a task that starts a run of another DAG", () => {
  test("waits for it as long as it takes, and fails with it, unless told otherwise", () => {
    expect(childOf({ dag: load })).toEqual({ dagId: "load", wait: true, onFailure: "fail", waitMs: null });
  });

  test("says what else it was told", () => {
    expect(childOf({ dag: "load", onChildFailure: "skip", timeout: "2h" })).toEqual({
      dagId: "load",
      wait: true,
      onFailure: "skip",
      waitMs: 7_200_000,
    });
  });

  test("gives its own function the usual time, however long it waits", () => {
    expect(manifestOf(nightly(trigger({ dag: load, timeout: "2d" }))).tasks[0]?.timeoutMs).toBe(600_000);
  });

  test.each([
    [{}, "dag is undefined, expected the DAG to start"],
    [{ dag: "no/id" }, `dag is "no/id" (text); an id that has "/" at position 3`],
    [{ dag: load, with: 3 }, "with is 3 (a number), expected an object of params, or a function that gives one"],
    [{ dag: load, wait: false, timeout: "1h" }, "timeout is given, but it does not wait for the child run"],
    [{ dag: load, wait: false, onChildFailure: "skip" }, "onChildFailure is given, but it does not wait"],
  ])("with %j is refused", (options, message) => {
    expect(faults(options)).toEqual([expect.stringContaining(`DAG022 dag 'nightly': task 'trigger': ${message}`)]);
  });

  test("has no work of its own", () => {
    expect(faults({ dag: load, run: () => {} })).toEqual([expect.stringContaining("DAG004")]);
  });

  test("may name a DAG of elsewhere, but is warned of one that is nearly the same as one here", () => {
    expect(told(problemsIn(load, nightly(trigger({ dag: "elsewhere" }))))).toEqual([]);
    expect(told(problemsIn(load, nightly(trigger({ dag: "laod" }))))).toEqual([
      expect.stringContaining("warning DAG022 dag 'nightly': task 'trigger': no file has the dag 'laod'"),
    ]);
  });
});

describe("DAGs that wait for each other", () => {
  test("are refused with the way round, in each of their files", () => {
    const compiled = filesOf({ a: ["b"], b: ["c"], c: ["a"], d: ["a"] });

    expect(compiled.map(({ manifests, problems }) => [manifests.length, ...told(problems)])).toEqual([
      [
        0,
        "error DAG023 dag 'a': task 'start_b': runs would wait for each other: a.start_b → b.start_c → c.start_a → a.start_b",
      ],
      [
        0,
        "error DAG023 dag 'b': task 'start_c': runs would wait for each other: b.start_c → c.start_a → a.start_b → b.start_c",
      ],
      [
        0,
        "error DAG023 dag 'c': task 'start_a': runs would wait for each other: c.start_a → a.start_b → b.start_c → c.start_a",
      ],
      [1],
    ]);
  });

  test("include one that waits for itself", () => {
    expect(filesOf({ a: ["a"] }).flatMap(({ problems }) => told(problems))).toEqual([
      expect.stringContaining("a.start_a → a.start_a"),
    ]);
  });

  test("are no fault where nobody waits", () => {
    expect(filesOf({ a: ["b"], b: ["a"] }, false).flatMap(({ problems }) => problems)).toEqual([]);
  });
});
