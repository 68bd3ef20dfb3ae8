import { describe, expect, test } from "vitest";
import { loose, manifestOf, problemOf, problemsIn, sales, work } from "../../../test/builders/definitions.ts";
import { branch, map, optional, task, type Task } from "../index.ts";

const list = task("list", { run: () => [1, 2] });
const mapped = (options: object = {}): Task => map("load", loose({ over: list, run: () => {}, ...options }));
const compiled = (options: object = {}) => manifestOf(sales({ tasks: [mapped(options)] })).tasks.at(-1);
const problem = (options: object): string => problemOf(sales({ tasks: [mapped(options)] }));

describe("a task made by map()", () => {
  test("comes after the task whose list it is mapped over", () => {
    expect(compiled()).toMatchObject({
      upstream: [{ taskId: "list", input: null, optional: false }],
      map: { over: "list", keyed: false, limit: 10_000, concurrency: null, tolerance: null, chunkWidth: 512 },
    });
  });

  test("says how many instances it may have, how many at once, and how many may fail", () => {
    const options = { key: String, limit: 50, concurrency: 5, tolerance: { share: 0.1 } };

    expect(compiled(options)?.map).toMatchObject({ keyed: true, limit: 50, concurrency: 5, tolerance: { share: 0.1 } });
  });

  test("may take the whole list besides", () => {
    expect(compiled({ inputs: { all: list } })?.upstream).toEqual([{ taskId: "list", input: "all", optional: false }]);
  });

  test.each([
    ["over nothing", { over: undefined }, "over is undefined, expected the task whose list it is mapped over"],
    ["over a list", { over: [1] }, "over is a list, expected the task whose list it is mapped over"],
    ["over an optional task", { over: optional(list) }, "over is optional('list')"],
    ["over a mapped task", { over: mapped() }, "over is the task 'load', which is mapped itself"],
    ["with the rule always", { rule: "always" }, "its rule is always, which would start it before there is a list"],
    [
      "with a negative concurrency",
      { concurrency: -1 },
      "concurrency is -1 (a number), expected a whole number from 1",
    ],
    ["with a limit of nothing", { limit: 0 }, "limit is 0 (a number), expected a whole number from 1 to 50000"],
    ["with a tolerance beyond all", { tolerance: { share: 1.5 } }, 'tolerance is {"share":1.5}, expected'],
    ["with a negative tolerance", { tolerance: { count: -1 } }, 'tolerance is {"count":-1}, expected'],
    ["with a bare tolerance", { tolerance: 0.1 }, "tolerance is 0.1 (a number), expected"],
  ])("is refused %s", (_what, options, message) => {
    const found = problemsIn(sales({ tasks: [map("each", loose({ over: list, run: () => {}, ...options }))] }));

    expect(found.map(({ code }) => code)).toEqual(["DAG021"]);
    expect(found[0]?.message).toContain(message);
  });

  test("is refused over a branch, which gives no list", () => {
    const choose = branch("choose", { run: () => null });

    expect(problem({ over: choose })).toContain("DAG021 dag 'sales': task 'load': over is the branch 'choose'");
  });

  test("takes no option that only other tasks have, nor gives them its own", () => {
    expect(problem({ of: [] })).toContain("DAG004");
    expect(problemOf(sales({ tasks: [work("load", { over: list })] }))).toContain("DAG004");
  });
});
