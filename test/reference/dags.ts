/** DAGs of every shape that the engine knows, and how their tasks end. */
import fc from "fast-check";
import { taskId } from "../../shared/core/ids.ts";
import { TRIGGER_RULES, type Manifest, type MapSpec, type TaskSpec } from "../../shared/core/manifest.ts";
import { aManifest, aRetrySpec, aTaskSpec, anUpstream } from "../builders/index.ts";
import type { InstanceEnd, Script } from "./evaluate.ts";

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
  /** Mapped over the first task that it requires and that may give a list; null: it is not. */
  readonly map: Pick<MapSpec, "limit" | "concurrency" | "tolerance"> | null;
  /** What it gives to those that are mapped over it; null: something else than a list. */
  readonly list: readonly boolean[] | null;
  readonly instances: readonly InstanceEnd[];
}

/** Items of a list at the most, nulls among them. */
const ITEMS_MAX = 5;

const seldom = (weight: number): fc.Arbitrary<boolean> =>
  fc.oneof({ arbitrary: fc.constant(false), weight }, { arbitrary: fc.constant(true), weight: 1 });
const perTask = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(value, { minLength: TASKS_MAX, maxLength: TASKS_MAX });

const aMap: fc.Arbitrary<Draw["map"]> = fc.option(
  fc.record({
    limit: fc.constantFrom(3, 10, 10),
    concurrency: fc.constantFrom(null, null, 1, 2),
    tolerance: fc.constantFrom(null, null, { count: 0 }, { count: 1 }, { share: 0.5 }),
  }),
  { freq: 2 },
);

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
  map: aMap,
  list: fc.option(fc.array(fc.constantFrom(true, true, true, false), { maxLength: ITEMS_MAX }), { freq: 8 }),
  instances: fc.array(fc.constantFrom("success", "success", "success", "failed", "skipped"), {
    minLength: ITEMS_MAX,
    maxLength: ITEMS_MAX,
  }),
});

/** Lists that mostly come, and tasks over them: few of the others would come to their instances. */
const aMapDraw: fc.Arbitrary<Draw> = fc
  .record({
    draw: aDraw,
    role: fc.constantFrom("work", "work", "work", "work", "teardown"),
    edges: perTask(fc.constantFrom("none", "required", "required", "optional")),
    ends: fc.constantFrom("success", "success", "success", "success", "failed"),
    map: aMap,
  })
  .map(({ draw, ...often }) => ({ ...draw, ...often, kind: "task" }));

const scenarioOf = (aTask: fc.Arbitrary<Draw>): fc.Arbitrary<Scenario> =>
  fc
    .record({
      draws: fc.array(aTask, { minLength: 1, maxLength: TASKS_MAX }),
      hooks: fc.record({ onSuccess: seldom(4), onFailure: seldom(4) }),
    })
    .map(({ draws, hooks }) => {
      const ids = draws.map(({ group }, index) => `${group ? "group." : ""}t${index}`);
      const tasks: TaskSpec[] = [];
      for (const [index, draw] of draws.entries()) tasks.push(mappedIf(draw, specOf(draw, index, ids, draws), tasks));
      const scripts = Object.fromEntries(draws.map((draw, index) => [ids[index], scriptOf(draw, index, ids, tasks)]));
      return { manifest: aManifest({ tasks, hooks }), scripts };
    });

export const aScenario = scenarioOf(aDraw);
export const aScenarioOfMaps = scenarioOf(aMapDraw);

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

/** A map over the results of another one is refused as it is compiled, and so is one that waits for nothing. */
function mappedIf({ map }: Draw, spec: TaskSpec, above: readonly TaskSpec[]): TaskSpec {
  if (map === null || spec.kind !== "task" || spec.role === "teardown" || spec.rule === "always") return spec;
  const gives = (id: string): boolean =>
    above.some(
      (other) => other.taskId === id && other.kind === "task" && other.role !== "teardown" && other.map === null,
    );
  const over = spec.upstream.find((edge) => !edge.optional && gives(edge.taskId))?.taskId;
  return over === undefined ? spec : { ...spec, map: { ...map, over, keyed: false, chunkWidth: 512 } };
}

function scriptOf(draw: Draw, index: number, ids: readonly string[], tasks: readonly TaskSpec[]): Script {
  if ((tasks[index]?.map ?? null) !== null) return { ends: "success", instances: draw.instances };
  if (draw.ends !== "success") return { ends: draw.ends };
  const list = draw.list?.map((there, item) => (there ? item : null)) ?? null;
  if (tasks.some(({ map }) => map?.over === ids[index])) return { ends: "success", list };
  const children = tasks.filter((task) => task.upstream.some((edge) => edge.taskId === ids[index]));
  const chosen = children.filter((_, child) => draw.chosen[child] === true).map((task): string => task.taskId);
  const names = draw.wholeGroup ? chosen.map((id) => id.split(".", 1)[0] ?? id) : chosen;
  return { ends: "success", chosen: draw.nonsense ? [...names, "nonsense"] : names, proceed: draw.proceed };
}
