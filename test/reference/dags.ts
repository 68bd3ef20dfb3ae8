/** DAGs of every shape that the engine knows, and how their tasks end. */
import fc from "fast-check";
import { taskId } from "../../shared/core/ids.ts";
import { TRIGGER_RULES, type Manifest, type TaskSpec } from "../../shared/core/manifest.ts";
import { aManifest, aRetrySpec, aTaskSpec, anUpstream } from "../builders/index.ts";
import type { Script } from "./evaluate.ts";

/** No attempt of a model run times out or waits too long: those ends have tests of their own. */
const NEVER_MS = 1e11;
const TASKS_MAX = 8;

export interface Scenario {
  readonly manifest: Manifest;
  readonly scripts: Readonly<Record<string, Script>>;
}

interface Draw {
  readonly kind: TaskSpec["kind"];
  readonly role: TaskSpec["role"];
  readonly group: boolean;
  /** Of all tasks before it, which ones it waits for. */
  readonly edges: readonly ("none" | "required" | "optional")[];
  readonly setups: readonly boolean[];
  readonly rule: TaskSpec["rule"];
  readonly allowFailure: boolean;
  readonly failRun: boolean;
  readonly retries: number;
  readonly hooks: TaskSpec["hooks"];
  readonly ends: Script["ends"];
  readonly chosen: readonly boolean[];
  readonly wholeGroup: boolean;
  readonly nonsense: boolean;
  readonly proceed: boolean;
}

const seldom = (weight: number): fc.Arbitrary<boolean> =>
  fc.oneof({ arbitrary: fc.constant(false), weight }, { arbitrary: fc.constant(true), weight: 1 });
const perTask = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(value, { minLength: TASKS_MAX, maxLength: TASKS_MAX });

const aDraw: fc.Arbitrary<Draw> = fc.record({
  kind: fc.constantFrom("task", "task", "task", "branch", "shortCircuit"),
  role: fc.constantFrom("work", "work", "work", "setup", "teardown"),
  group: fc.boolean(),
  edges: perTask(fc.constantFrom("none", "none", "required", "required", "optional")),
  setups: perTask(fc.boolean()),
  rule: fc.oneof(fc.constant("all_success" as const), fc.constantFrom(...TRIGGER_RULES)),
  allowFailure: seldom(5),
  failRun: fc.boolean(),
  retries: fc.integer({ min: 0, max: 2 }),
  hooks: fc.record({ onSuccess: seldom(4), onFailure: seldom(4), onRetry: seldom(4) }),
  ends: fc.constantFrom("success", "success", "success", "failed", "failed", "skipped"),
  chosen: perTask(fc.boolean()),
  wholeGroup: seldom(3),
  nonsense: seldom(12),
  proceed: fc.boolean(),
});

export const aScenario: fc.Arbitrary<Scenario> = fc
  .record({
    draws: fc.array(aDraw, { minLength: 1, maxLength: TASKS_MAX }),
    hooks: fc.record({ onSuccess: seldom(4), onFailure: seldom(4) }),
  })
  .map(({ draws, hooks }) => {
    const ids = draws.map(({ group }, index) => `${group ? "group." : ""}t${index}`);
    const tasks = draws.map((draw, index) => specOf(draw, index, ids, draws));
    const scripts = Object.fromEntries(draws.map((draw, index) => [ids[index], scriptOf(draw, index, ids, tasks)]));
    return { manifest: aManifest({ tasks, hooks }), scripts };
  });

function specOf(draw: Draw, index: number, ids: readonly string[], draws: readonly Draw[]): TaskSpec {
  const above = ids.slice(0, index).flatMap((id, from) => {
    const edge = draw.edges[from];
    return edge === "required" || edge === "optional"
      ? [anUpstream(id, { optional: edge === "optional", input: from % 2 === 0 ? id : null })]
      : [];
  });
  const setups = ids.slice(0, index).filter((_, from) => draws[from]?.role === "setup" && draw.setups[from] === true);
  const isTeardown = draw.role === "teardown";
  return {
    ...aTaskSpec(ids[index] ?? ""),
    kind: isTeardown ? "task" : draw.kind,
    role: draw.role,
    upstream: above,
    setups: isTeardown ? setups.map((id) => taskId(id)) : [],
    rule: isTeardown && draw.failRun ? "all_done_setup_success" : draw.rule,
    retry: aRetrySpec({ retries: draw.retries, jitter: "full" }),
    timeoutMs: NEVER_MS,
    queuedTimeoutMs: NEVER_MS,
    allowFailure: draw.allowFailure,
    failRun: isTeardown && draw.failRun,
    hooks: draw.hooks,
  };
}

function scriptOf(draw: Draw, index: number, ids: readonly string[], tasks: readonly TaskSpec[]): Script {
  if (draw.ends !== "success") return { ends: draw.ends };
  const children = tasks.filter((task) => task.upstream.some((edge) => edge.taskId === ids[index]));
  const chosen = children.filter((_, child) => draw.chosen[child] === true).map((task): string => task.taskId);
  const names = draw.wholeGroup ? chosen.map((id) => id.split(".", 1)[0] ?? id) : chosen;
  return { ends: "success", chosen: draw.nonsense ? [...names, "nonsense"] : names, proceed: draw.proceed };
}
