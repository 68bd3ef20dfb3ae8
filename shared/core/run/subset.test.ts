import { describe, expect, test } from "vitest";
import { aManifest, aRun, aScene, aTaskSpec, anUpstream } from "../../../test/builders/index.ts";
import { selectTasks, withOnly } from "./subset.ts";
import { advance } from "./advance.ts";

/** a → b → d, c → d by `optional`; e alone. */
const MANIFEST = aManifest({
  tasks: [
    aTaskSpec("a"),
    aTaskSpec("b", { after: ["a"] }),
    aTaskSpec("c"),
    aTaskSpec("d", { upstream: [anUpstream("b"), anUpstream("c", { optional: true })] }),
    aTaskSpec("e", { hooks: { onSuccess: true, onFailure: false, onRetry: false } }),
  ],
});

describe("tasks as people select them", () => {
  test.each([
    [["b"], ["b"]],
    [["b+"], ["b", "d"]],
    [["+b"], ["a", "b"]],
    [["+b+"], ["a", "b", "d"]],
    [["+d"], ["a", "b", "c", "d"]],
    [["a+"], ["a", "b", "d"]],
    [
      ["e", "a"],
      ["a", "e"],
    ],
    [
      ["+b", "b+", "b"],
      ["a", "b", "d"],
    ],
    [[], []],
  ])("%j are %j", (selection, tasks) => {
    expect(selectTasks(MANIFEST, selection)).toEqual({ tasks, unknown: [] });
  });

  test("names that the DAG has not are told, and the others found", () => {
    expect(selectTasks(MANIFEST, ["+x+", "a", "", "y"])).toEqual({ tasks: ["a"], unknown: ["x", "", "y"] });
  });

  test("a hook is no task that can be selected", () => {
    expect(selectTasks(MANIFEST, ["e$onSuccess"])).toEqual({ tasks: [], unknown: ["e$onSuccess"] });
  });
});

describe("a run of some of the tasks", () => {
  const { run: whole } = aScene(MANIFEST.tasks, { admitted: false });

  test("has the others removed, and says why", () => {
    const run = withOnly(whole, MANIFEST, ["b", "e"]);

    expect(run.tasks.details.map((detail) => detail?.cause?.code ?? null)).toEqual([
      "not_selected",
      null,
      "not_selected",
      "not_selected",
      null,
      null,
    ]);
    expect(run.tasks.details[0]).toEqual({
      since: whole.queuedAt,
      cause: { code: "not_selected", text: "it is not among the tasks that were asked for" },
    });
  });

  test("waits for none of the others", () => {
    const run = withOnly(whole, MANIFEST, ["b", "d"]);

    const { commands } = advance(run, MANIFEST, [{ type: "admitted", epoch: run.epoch }], run.queuedAt);

    expect(commands.flatMap((command) => (command.type === "dispatch" ? [command.key.taskId] : []))).toEqual(["b"]);
  });

  test("keeps the hooks of what it runs", () => {
    const run = withOnly(whole, MANIFEST, ["e"]);

    expect(run.tasks.details[5]).toBeUndefined();
  });

  test("is otherwise the run that it was, which stays as it is", () => {
    const run = aRun();

    const { tasks: _tasks, ...others } = withOnly(run, aManifest(), []);

    expect({ ...others, tasks: run.tasks }).toEqual(aRun());
  });
});
