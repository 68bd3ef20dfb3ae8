import { describe, expect, test } from "vitest";
import { dagId, runId } from "../../shared/core/ids.ts";
import { type Instant, plus } from "../../shared/core/time.ts";
import { TIMER_HORIZON_MS, type TimerTarget, type Timers } from "../../shared/ports/timers.ts";
import { type Subject, atOnce, freshly } from "./subject.ts";

export interface Woken {
  readonly target: TimerTarget;
  /** When it was seen to be woken. */
  readonly at: Instant;
}

export interface TimersSubject extends Subject {
  readonly timers: Timers;
  /** The clock that the timers go by. */
  readonly now: () => Instant;
  /** Records as they are woken, until there are `count` of them or `waitMs` have passed. */
  readonly woken: (count: number, waitMs: number) => Promise<readonly Woken[]>;
}

/** Long enough for any timer here; a test that passes does not wait for it. */
const PATIENCE_MS = 20_000;
/** "At most about a second after", and the time it takes to see it on a busy machine. */
const LATE_MS_MAX = 3_000;

const run = (name: string): TimerTarget => ({ kind: "run", id: runId(`orders.${name}`) });
const dag: TimerTarget = { kind: "dag", id: dagId("orders") };

/** The contract of `Timers`. A timer may wake twice: nothing here counts doubles. */
export function timersContract(make: () => Promise<TimersSubject>): void {
  const subject = freshly(make);
  const arm = async (target: TimerTarget, inMs: number): Promise<Instant> => {
    const now = subject().now();
    await subject().timers.arm(target, plus(now, inMs), now);
    return plus(now, inMs);
  };

  describe("Timers", () => {
    test.each([[0], [400], [1_500]])("wakes a record %i ms from now: not before, and soon after", async (inMs) => {
      const due = await arm(run("r"), inMs);

      const [woken] = await subject().woken(1, PATIENCE_MS);

      expect(woken?.target).toEqual(run("r"));
      expect(woken?.at).toBeGreaterThanOrEqual(due);
      expect(woken?.at).toBeLessThan(due + LATE_MS_MAX);
    });

    test("wakes a DAG as well as a run", async () => {
      await arm(dag, 0);

      expect((await subject().woken(1, PATIENCE_MS)).map(({ target }) => target)).toEqual([dag]);
    });

    test("what was due already is woken at once", async () => {
      const armed = subject().now();
      await arm(run("r"), -60_000);

      const [woken] = await subject().woken(1, PATIENCE_MS);

      expect(woken?.target).toEqual(run("r"));
      expect(woken?.at).toBeLessThan(armed + LATE_MS_MAX);
    });

    test("many timers at once each wake their own", async () => {
      await atOnce(25, (n) => arm(run(`r${n}`), 20 * n));

      const woken = await subject().woken(25, PATIENCE_MS);

      const ids = new Set(woken.map(({ target }) => target.id));
      expect([...ids].toSorted()).toEqual(Array.from({ length: 25 }, (_, n) => `orders.r${n}`).toSorted());
    });

    test("a timer that is far off holds up none that is near", async () => {
      await arm(run("far"), TIMER_HORIZON_MS);
      await arm(run("near"), 0);

      expect((await subject().woken(1, PATIENCE_MS)).map(({ target }) => target)).toEqual([run("near")]);
    });
  });
}
