import { describe, expect, test } from "vitest";
import { aManifest, aMapSpec, aRetrySpec, aRun, aTaskSpec, anUpstream } from "../../test/builders/index.ts";
import { poolId, taskId } from "./ids.ts";
import type { TaskSpec } from "./manifest.ts";
import {
  chunkManifest,
  downstreamOf,
  hookSlot,
  manifestOf,
  type Plan,
  plannedAt,
  type PlannedTask,
  planOf,
  transitionsOf,
} from "./plan.ts";

const aPlan = (...tasks: readonly TaskSpec[]): Plan => planOf(aManifest({ tasks }));

/** The tasks whose slots a task's plan has in a field, by name. */
const told = (plan: Plan, id: string, field: keyof PlannedTask): unknown => {
  const value = plan.tasks[plan.slotOf.get(id) ?? -1]?.[field];
  return Array.isArray(value) ? value.map((slot: number) => plan.tasks[slot]?.spec.taskId) : value;
};

/** start, then `first` and `second` in a row within its scope, then stop takes it down; `other` beside them. */
const withScope = aPlan(
  aTaskSpec("start", { role: "setup" }),
  aTaskSpec("first", { after: ["start"] }),
  aTaskSpec("second", { after: ["first"] }),
  aTaskSpec("other", { after: ["start"] }),
  aTaskSpec("stop", { role: "teardown", setups: ["start"], after: ["second"] }),
);

test("a plan is worked out once for each manifest", () => {
  const manifest = aManifest({ tasks: [aTaskSpec("load")] });

  expect(planOf(manifest)).toBe(planOf(manifest));
});

describe("what a task waits for", () => {
  const upstream = [anUpstream("a"), anUpstream("b", { optional: true })];
  const plan = aPlan(aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("load", { upstream }));

  test("counts for its rule, or need only be done", () => {
    expect([told(plan, "load", "required"), told(plan, "load", "optional")]).toEqual([["a"], ["b"]]);
  });

  test("has it to look at when it ends", () => {
    expect([told(plan, "a", "downstream"), told(plan, "b", "downstream"), told(plan, "load", "downstream")]).toEqual([
      ["load"],
      ["load"],
      [],
    ]);
  });

  test("is forgiven if nobody needs it, and only then", () => {
    expect(["a", "b", "load"].map((id) => told(plan, id, "forgiven"))).toEqual([false, true, false]);
  });

  test("is not forgiven if one task needs it and another one does not", () => {
    const both = aPlan(
      aTaskSpec("b"),
      aTaskSpec("needs", { after: ["b"] }),
      aTaskSpec("load", { upstream: [anUpstream("b", { optional: true })] }),
    );

    expect(told(both, "b", "forgiven")).toBe(false);
  });

  test("is forgiven although a teardown follows it", () => {
    const withStop = aPlan(
      aTaskSpec("start", { role: "setup" }),
      aTaskSpec("b"),
      aTaskSpec("load", { upstream: [anUpstream("b", { optional: true })] }),
      aTaskSpec("stop", { role: "teardown", setups: ["start"], after: ["b"] }),
    );

    expect(told(withStop, "b", "forgiven")).toBe(true);
  });
});

test("a branch is a gate to the tasks right below it, but not to a teardown", () => {
  const plan = aPlan(
    aTaskSpec("choose", { kind: "branch" }),
    aTaskSpec("work"),
    aTaskSpec("load", { after: ["choose", "work"] }),
    aTaskSpec("report", { after: ["load"] }),
    aTaskSpec("stop", { role: "teardown", after: ["choose"] }),
  );

  expect(["load", "report", "stop"].map((id) => told(plan, id, "gates"))).toEqual([["choose"], [], []]);
});

describe("the scope of a setup", () => {
  test("is what lies between it and its teardown and does not wait for it anyway", () => {
    const scopes = ["start", "first", "second", "other", "stop"].map((id) => told(withScope, id, "scopeSetups"));

    expect(scopes).toEqual([[], [], ["start"], [], []]);
  });

  test("is looked at again when it ends, and so is its teardown", () => {
    expect(told(withScope, "start", "downstream")).toEqual(["first", "other", "second", "stop"]);
    expect(told(withScope, "stop", "setups")).toEqual(["start"]);
  });

  test("counts once with two teardowns", () => {
    const plan = aPlan(
      aTaskSpec("start", { role: "setup" }),
      aTaskSpec("first", { after: ["start"] }),
      aTaskSpec("second", { after: ["first"] }),
      aTaskSpec("stop", { role: "teardown", setups: ["start"], after: ["second"] }),
      aTaskSpec("halt", { role: "teardown", setups: ["start"], after: ["second"] }),
    );

    expect([told(plan, "second", "scopeSetups"), told(plan, "start", "downstream")]).toEqual([
      ["start"],
      ["first", "second", "stop", "halt"],
    ]);
  });
});

test("a mapped task knows whose list it is over, and that one who is mapped over it", () => {
  const each = aTaskSpec("each", { after: ["list"], map: aMapSpec("list") });
  const plan = aPlan(aTaskSpec("first"), aTaskSpec("list"), each);

  expect([told(plan, "each", "over"), told(plan, "list", "over")]).toEqual([1, null]);
  expect([told(plan, "list", "mappedBy"), told(plan, "each", "mappedBy")]).toEqual([["each"], []]);
});

describe("everything downstream", () => {
  const plan = aPlan(
    aTaskSpec("a"),
    aTaskSpec("b", { after: ["a"] }),
    aTaskSpec("c", { after: ["a"] }),
    aTaskSpec("d", { after: ["b", "c"] }),
    aTaskSpec("e"),
  );

  test("of some tasks is found once each, without themselves", () => {
    expect([...downstreamOf(plan, [0])]).toHaveLength(3);
    expect(downstreamOf(plan, [0])).toEqual(new Set([1, 2, 3]));
    expect([...downstreamOf(plan, [1, 4])]).toEqual([3]);
    expect([...downstreamOf(plan, [])]).toEqual([]);
  });
});

describe("hooks", () => {
  const load = aTaskSpec("load", {
    hooks: { onSuccess: true, onFailure: false, onRetry: true },
    pools: [{ pool: poolId("warehouse"), slots: 1 }],
    after: ["extract"],
    retry: aRetrySpec({ retries: 7 }),
    rule: "all_done",
  });
  const plan = planOf(aManifest({ tasks: [aTaskSpec("extract"), load], hooks: { onSuccess: false, onFailure: true } }));

  test("have slots after those of the tasks", () => {
    expect([plan.taskCount, plan.tasks.map(({ spec }) => spec.taskId)]).toEqual([
      2,
      ["extract", "load", "load$onSuccess", "load$onRetry", "$onFailure"],
    ]);
    expect(plan.tasks.map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4]);
  });

  test("are found by what they are of, if the DAG has them", () => {
    expect([
      hookSlot(plan, taskId("load"), "onSuccess"),
      hookSlot(plan, null, "onFailure"),
      hookSlot(plan, taskId("load"), "onFailure"),
    ]).toEqual([2, 4, undefined]);
    expect(plan.tasks.map(({ hook }) => hook)).toEqual([
      null,
      null,
      { name: "onSuccess", subject: 1 },
      { name: "onRetry", subject: 1 },
      { name: "onFailure", subject: null },
    ]);
  });

  test("wait for nothing, not for slots of a pool either, and fail nothing", () => {
    const { required, downstream, forgiven, spec } = plan.tasks[2] as PlannedTask;

    expect({ required, downstream, forgiven }).toEqual({ required: [], downstream: [], forgiven: false });
    expect(spec).toMatchObject({
      kind: "task",
      role: "work",
      rule: "always",
      upstream: [],
      setups: [],
      pools: [],
      allowFailure: true,
      timeoutMs: 300_000,
      retry: { retries: 1, delayMs: 5_000, jitter: "none", maxDelayMs: 5_000, budgetMs: null, on: "transient" },
      hooks: { onSuccess: false, onFailure: false, onRetry: false },
    });
  });
});

test("a plan has its tasks and hooks by their slots, and no others", () => {
  const plan = aPlan(aTaskSpec("a"), aTaskSpec("b"));

  expect(plannedAt(plan, 1).spec.taskId).toBe("b");
  expect(() => plannedAt(plan, 2)).toThrow(new RangeError("dag 'orders' has no slot 2"));
});

test("the pools of a plan are named once each, in order", () => {
  const [warehouse, api] = [
    { pool: poolId("warehouse"), slots: 1 },
    { pool: poolId("api"), slots: 2 },
  ] as const;
  const plan = aPlan(aTaskSpec("a", { pools: [warehouse] }), aTaskSpec("b", { pools: [warehouse, api] }));

  expect(plan.pools).toEqual(["api", "warehouse"]);
});

test("a run may change as often as its tasks, their retries and losses can need, and a thousand times more", () => {
  const retried = aTaskSpec("a", { retry: aRetrySpec({ retries: 2 }) });

  expect([transitionsOf(retried), aPlan(retried, aTaskSpec("b")).transitionsMax]).toEqual([42, 1_000 + 42 + 28]);
});

test("a chunk sees the mapped task alone, which waits for nothing and has no hooks", () => {
  const hooks = { onSuccess: true, onFailure: true, onRetry: true };
  const manifest = aManifest({
    tasks: [aTaskSpec("list"), aTaskSpec("each", { after: ["list"], map: aMapSpec("list"), rule: "all_done", hooks })],
    hooks: { onSuccess: true, onFailure: true },
    runTimeoutMs: 60_000,
  });
  const chunk = chunkManifest(manifest, taskId("each"));

  expect(chunk).toMatchObject({ runTimeoutMs: null, hooks: { onSuccess: false, onFailure: false } });
  expect(chunk.tasks).toMatchObject([
    {
      taskId: "each",
      upstream: [],
      rule: "all_success",
      hooks: { onSuccess: false, onFailure: false, onRetry: false },
    },
  ]);
  expect(chunkManifest(manifest, taskId("each"))).toBe(chunk);
  expect(manifestOf(aRun(), manifest)).toBe(manifest);
});
