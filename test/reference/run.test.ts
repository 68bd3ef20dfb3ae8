import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type * as Drafting from "../../shared/core/run/draft.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Run } from "../../shared/core/run.ts";
import { TASK_STATES, type TaskState } from "../../shared/core/states.ts";
import { aScenario } from "./dags.ts";
import { diceOf } from "./dice.ts";
import { driveToEnd, type Decided } from "./drive.ts";
import { evaluate } from "./evaluate.ts";
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
  test(
    "comes to what its rules say",
    () => {
      fc.assert(
        fc.property(aScenario, aSeed, ({ manifest, scripts }, seed) => {
          const expected = evaluate(manifest, scripts);

          const run = driveToEnd({ manifest, scripts, dice: diceOf(seed), onDecision: check });

          expect(endsOf(manifest, run)).toEqual(expected.endings);
          expect({ state: run.state, degraded: run.degraded }).toEqual({
            state: expected.state,
            degraded: expected.degraded,
          });
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
