import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type * as Drafting from "../../shared/core/run/draft.ts";
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import type { Run } from "../../shared/core/run.ts";
import { TASK_STATES, type TaskState } from "../../shared/core/states.ts";
import { aScenario, aScenarioOfMaps, type Scenario } from "./dags.ts";
import { diceOf } from "./dice.ts";
import { driveToEnd, type Decided, type DispatchCommand } from "./drive.ts";
import { evaluate, type InstanceEnd } from "./evaluate.ts";
import { checkDecision, type Move } from "./invariants.ts";

const moves = vi.hoisted((): Move[] => []);

// Every single move is seen, also those that a decision makes one after the other.
vi.mock("../../shared/core/run/draft.ts", async (original) => {
  const real = await original<typeof Drafting>();
  return {
    ...real,
    move: (...[draft, slot, to, detail]: Parameters<typeof Drafting.move>): void => {
      moves.push({ slot, from: real.stateOf(draft, slot), to });
      real.move(draft, slot, to, detail);
    },
  };
});

afterEach(() => void moves.splice(0));

const check = (decided: Decided): void => checkDecision(decided, moves.splice(0));
const aSeed = fc.integer({ min: 0, max: 0x7fffffff });

const RUNS = 200;
const TIMEOUT_MS = 60_000;

const endsOf = ({ tasks }: Manifest, run: Run): Readonly<Record<string, TaskState | undefined>> =>
  Object.fromEntries(tasks.map(({ taskId }, slot) => [taskId, TASK_STATES[run.tasks.states[slot] ?? 0]]));

const specOf = ({ tasks }: Manifest, id: string): TaskSpec | undefined => tasks.find(({ taskId }) => taskId === id);

function instancesOf({ tasks }: Manifest, run: Run, id: string): readonly (TaskState | undefined)[] {
  const slot = tasks.findIndex(({ taskId }) => taskId === id);
  const rows = run.tasks.expansions.find((expansion) => expansion.slot === slot);
  const states = run.tasks.states.subarray(rows?.base ?? 0, (rows?.base ?? 0) + (rows?.rows ?? 0));
  return Array.from(states, (state) => TASK_STATES[state]);
}

/** Of one that stops as too many have failed, which of the others had begun by then depends on their order. */
function instancesWanted(manifest: Manifest, taskId: string, ends: readonly InstanceEnd[]): unknown {
  const stops = (specOf(manifest, taskId)?.map?.tolerance ?? null) !== null && ends.includes("failed");
  return stops ? ends.map(() => expect.stringMatching(/^(success|failed|skipped)$/)) : ends;
}

/** Rules that start before all instances have ended see those that had. */
const EARLY = new Set(["one_success", "one_failed", "one_done", "always"]);

/** Instances are given their items, those that are not null in their order; what takes the results, those that succeeded. */
function checkSent(
  manifest: Manifest,
  scripts: Scenario["scripts"],
  sent: readonly DispatchCommand[],
  instances: Readonly<Record<string, readonly InstanceEnd[]>>,
): void {
  for (const { key, item, upstream } of sent) {
    const spec = specOf(manifest, key.taskId);
    if (spec === undefined) continue;
    if (spec.map !== null && item?.value !== undefined) {
      const given = scripts[spec.map.over];
      const items = given?.ends === "success" ? given.list?.filter((each) => each !== null) : undefined;
      expect(item.value).toBe(items?.[key.mapIndex]);
    }
    for (const { taskId, instances: parts = [] } of upstream) {
      const ends = instances[taskId];
      const isStopped = (specOf(manifest, taskId)?.map?.tolerance ?? null) !== null;
      if (ends === undefined || isStopped || EARLY.has(spec.rule)) continue;
      const attempts = parts.flatMap((part) => spread(part.attempts));
      expect(attempts.map((attempt) => attempt > 0)).toEqual(ends.map((end) => end === "success"));
    }
  }
}

/** Pairs of a count and the attempt that so many instances in a row succeeded by. */
const spread = (pairs: readonly number[]): number[] =>
  pairs.flatMap((count, at) => (at % 2 === 0 ? Array.from({ length: count }, () => pairs[at + 1] ?? 0) : []));

/** Teardowns that ran, and those of which a setup had succeeded: in whatever way the run ended, they are the same. */
function takenDown({ tasks }: Manifest, run: Run): Readonly<Record<"ran" | "setUp", readonly string[]>> {
  const ends = endsOf({ tasks } as Manifest, run);
  const teardowns = tasks.filter((task) => task.rule === "all_done_setup_success" && task.setups.length > 0);
  return {
    ran: teardowns.filter((task) => (run.tasks.attempts[tasks.indexOf(task)] ?? 0) > 0).map((task) => task.taskId),
    setUp: teardowns
      .filter((task) => task.setups.some((setup) => ends[setup] === "success"))
      .map((task) => task.taskId),
  };
}

describe("a run of any DAG, over messages that are lost, doubled, late and in any order, and executors that die", () => {
  test.each([
    ["comes to what its rules say", aScenario],
    ["comes to what the instances of its mapped tasks and its rules say", aScenarioOfMaps],
  ])(
    "%s",
    (_says, scenario) => {
      fc.assert(
        fc.property(scenario, aSeed, ({ manifest, scripts }, seed) => {
          const expected = evaluate(manifest, scripts);

          const run = driveToEnd({ manifest, scripts, dice: diceOf(seed), onDecision: check });

          expect(endsOf(manifest, run)).toEqual(expected.endings);
          expect({ state: run.state, degraded: run.degraded }).toEqual({
            state: expected.state,
            degraded: expected.degraded,
          });
          for (const [taskId, ends] of Object.entries(expected.instances)) {
            expect(instancesOf(manifest, run, taskId)).toEqual(instancesWanted(manifest, taskId, ends));
          }
          checkSent(manifest, scripts, run.sent, expected.instances);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "ends as cancelled once it is cancelled, and takes down what was set up",
    () => {
      fc.assert(
        fc.property(aScenario, aSeed, fc.integer({ min: 0, max: 40 }), ({ manifest, scripts }, seed, cancelAt) => {
          const run = driveToEnd({ manifest, scripts, dice: diceOf(seed), cancelAt, onDecision: check });

          const { ran, setUp } = takenDown(manifest, run);
          expect(ran).toEqual(setUp);
          expect(run.cancel === null || run.state === "cancelled").toBe(true);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "ends as failed once its time is over, and takes down what was set up",
    () => {
      fc.assert(
        fc.property(aScenario, aSeed, fc.integer({ min: 1, max: 100_000 }), (scenario, seed, runTimeoutMs) => {
          const manifest = { ...scenario.manifest, runTimeoutMs };

          const run = driveToEnd({ ...scenario, manifest, dice: diceOf(seed), onDecision: check });

          const { ran, setUp } = takenDown(manifest, run);
          expect(ran).toEqual(setUp);
          expect(run.cause?.code === "run_timeout" ? run.state : "failed").toBe("failed");
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );
});
