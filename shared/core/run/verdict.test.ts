import { describe, expect, test } from "vitest";
import { NOON, aManifest, aMapSpec, aScene, aTaskSpec, aTaskTable } from "../../../test/builders/index.ts";
import type { TaskSpec } from "../manifest.ts";
import { planOf } from "../plan.ts";
import { advance } from "./advance.ts";
import { decideLateTeardown, decideTask, type Decided } from "./verdict.ts";

type Rows = Parameters<typeof aTaskTable>[0];

/** The verdict on the last of these tasks; the others are in these states. */
const decided = (tasks: readonly TaskSpec[], rows: Rows, decide = decideTask): Decided => {
  const plan = planOf(aManifest({ tasks }));
  const task = plan.tasks[tasks.length - 1];
  if (task === undefined) throw new Error("there is no task");
  const nameOf = (slot: number): string => plan.tasks[slot]?.spec.taskId ?? "";
  const table = aTaskTable([...rows, "none"]);
  return decide(task, { plan, ...table, details: [...table.details] }, nameOf);
};
const above = (count: number): TaskSpec[] => Array.from({ length: count }, (_, n) => aTaskSpec(`t${n}`));
const below = (tasks: readonly TaskSpec[], rule: TaskSpec["rule"]): TaskSpec[] => [
  ...tasks,
  aTaskSpec("last", { after: tasks.map(({ taskId }) => taskId), rule }),
];

describe("why a task will not run", () => {
  test("names what stands in its way, and not what went well", () => {
    expect(decided(below(above(3), "all_success"), ["success", "failed", "skipped"])).toEqual({
      verdict: "upstream_failed",
      cause: { code: "rule", text: "all_success: 't1' failed, 't2' skipped" },
    });
  });

  test("names what went well where that is what stands in its way", () => {
    expect(decided(below(above(2), "all_failed"), ["success", "failed"]).cause?.text).toBe(
      "all_failed: 't0' success, 't1' failed",
    );
  });

  test("names five, and how many more there are", () => {
    const text = (count: number) =>
      decided(
        below(above(count), "all_success"),
        Array.from({ length: count }, () => "failed" as const),
      ).cause?.text;

    expect(text(5)).toBe("all_success: 't0' failed, 't1' failed, 't2' failed, 't3' failed, 't4' failed");
    expect(text(7)).toMatch(/'t4' failed and 2 more$/u);
  });

  test("names the setup without which it cannot work", () => {
    const tasks = [
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("first", { after: ["cluster"], rule: "all_done" }),
      aTaskSpec("stop", { after: ["work"], role: "teardown", setups: ["cluster"] }),
      aTaskSpec("work", { after: ["first"] }),
    ];

    expect(decided(tasks, ["failed", "success", "none"])).toEqual({
      verdict: "upstream_failed",
      cause: { code: "rule", text: "its setup must succeed: 'cluster' failed" },
    });
    expect(decided(tasks, ["queued", "success", "none"])).toEqual({ verdict: "wait" });
  });
});

describe("a task waits", () => {
  test("for instances and for tasks beside them, however few", () => {
    const scene = aScene([
      aTaskSpec("list"),
      aTaskSpec("load", { after: ["list"], map: aMapSpec("list") }),
      aTaskSpec("other"),
      aTaskSpec("sum", { after: ["load", "other"] }),
    ]).giveList("list", 1);

    expect(scene.state("sum")).toBe("none");
    expect(scene.succeed("other").state("sum")).toBe("none");
    expect(scene.succeed("load[0]").state("sum")).toBe("queued");
  });

  test("for one that it can do without, whatever its rule says", () => {
    const [optional] = [{ taskId: aTaskSpec("t0").taskId, input: "t0", optional: true }];
    const tasks = [aTaskSpec("t0"), aTaskSpec("last", { upstream: [optional] })];

    expect([decided(tasks, ["running"]), decided(tasks, ["failed"])]).toEqual([
      { verdict: "wait" },
      { verdict: "run" },
    ]);
  });
});

describe("a teardown", () => {
  const stop = (setups: readonly string[]): TaskSpec =>
    aTaskSpec("stop", { after: ["work"], role: "teardown", setups, rule: "all_done_setup_success" });
  const tasks = [aTaskSpec("cluster", { role: "setup" }), aTaskSpec("work"), stop(["cluster"])];

  test.each<[Rows, Decided]>([
    [["success", "failed"], { verdict: "run" }],
    [["success", "running"], { verdict: "wait" }],
    [
      ["failed", "success"],
      { verdict: "upstream_failed", cause: { code: "rule", text: "none of its setups succeeded" } },
    ],
    [["skipped", "success"], { verdict: "skipped", cause: { code: "rule", text: "its setups were skipped" } }],
  ])("of a setup and work that are %j", (rows, verdict) => {
    expect(decided(tasks, rows)).toEqual(verdict);
  });

  test("without a setup runs once all above it is done, but not in a run that was ended", () => {
    const alone = [aTaskSpec("work"), stop([])];

    expect([decided(alone, ["failed"]), decided(alone, ["running"])]).toEqual([
      { verdict: "run" },
      { verdict: "wait" },
    ]);
    expect(decided(alone, ["failed"], (task, table) => decideLateTeardown(task, table))).toEqual({
      verdict: "skipped",
      cause: { code: "rule", text: "it has no setup, and the run was ended" },
    });
  });
});

describe("a branch", () => {
  const tasks = [aTaskSpec("choose", { kind: "branch" }), aTaskSpec("left", { after: ["choose"] })];
  const detail = (chosen: readonly string[]) => ({ since: NOON, chosen });

  test.each<[Rows, Decided]>([
    [["running"], { verdict: "wait" }],
    [[{ state: "success", detail: detail(["left"]) }], { verdict: "run" }],
    [
      [{ state: "success", detail: detail(["right"]) }],
      { verdict: "skipped", cause: { code: "branch", text: "'choose' did not choose it" } },
    ],
    [["failed"], { verdict: "upstream_failed", cause: { code: "rule", text: "all_success: 'choose' failed" } }],
  ])("that is %j", (rows, verdict) => {
    expect(decided(tasks, rows)).toEqual(verdict);
  });
});

test("a branch does not choose its teardown: that is none of its children", () => {
  const stop = aTaskSpec("stop", { after: ["choose", "left"], role: "teardown", setups: [], rule: "all_done" });
  const scene = aScene([aTaskSpec("choose", { kind: "branch" }), aTaskSpec("left", { after: ["choose"] }), stop]);
  const choice = (name: string) =>
    advance(
      scene.run,
      scene.manifest,
      [scene.completed("choose", { kind: "success", output: { kind: "none" }, chosen: [name] })],
      NOON,
    ).run.tasks.details[0];

  expect(choice("left")?.chosen).toEqual(["left"]);
  expect(choice("stop")?.cause?.text).toBe("chose 'stop', which does not follow it directly; its children are left");
});
