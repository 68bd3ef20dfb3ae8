import { describe, expect, test } from "vitest";
import type { Fact } from "../../shared/core/events.ts";
import { dagId, runId, taskId } from "../../shared/core/ids.ts";
import type { EventBus } from "../../shared/ports/event-bus.ts";
import { NOON } from "../builders/index.ts";
import { type Subject, atOnce, freshly } from "./subject.ts";

export interface EventBusSubject extends Subject {
  readonly bus: EventBus;
  /** The facts that listeners have heard by now, doubles included. */
  readonly heard: () => Promise<readonly Fact[]>;
}

/** Without overrides: run `orders.run-1` has failed at NOON. */
export const aFact = (overrides: Partial<Fact> = {}): Fact => ({
  v: 1,
  type: "run_ended",
  text: "run orders.run-1 failed: task 'load' failed: TypeError: \"rows\" is undefined",
  runId: runId("orders.run-1"),
  dagId: dagId("orders"),
  state: "failed",
  degraded: false,
  at: NOON,
  owner: "ann@example.com",
  team: "data",
  runbook: "https://wiki.example.com/orders?page=1&x=naïve 日本",
  failed: [{ taskId: taskId("load"), cause: 'TypeError: "rows" is\nundefined' }],
  ...overrides,
});

/** The contract of `EventBus`. At least once and in any order. */
export function eventBusContract(make: () => Promise<EventBusSubject>): void {
  const subject = freshly(make);
  const heardIds = async (): Promise<string[]> =>
    [...new Set((await subject().heard()).map((fact) => fact.runId))].toSorted();
  const facts = (count: number): Fact[] =>
    Array.from({ length: count }, (_, n) => aFact({ runId: runId(`orders.r${n}`) }));
  const ids = (list: readonly Fact[]): string[] => list.map((fact) => fact.runId).toSorted();

  describe("EventBus", () => {
    test("a fact is heard as it was published", async () => {
      await subject().bus.publish([aFact()]);

      expect(await subject().heard()).toEqual([aFact()]);
    });

    test("a missed deadline is heard with what its run waits for", async () => {
      const waitsFor = [{ taskId: taskId("load"), state: "up_for_retry" }] as const;
      const missed = aFact({ type: "run_deadline_missed", deadline: { name: "by 07:00 日本", at: NOON, waitsFor } });

      await subject().bus.publish([missed]);

      expect(await subject().heard()).toEqual([missed]);
    });

    test("publishing nothing is nothing", async () => {
      await subject().bus.publish([]);

      expect(await subject().heard()).toEqual([]);
    });

    test("of more facts than one call carries, all are heard", async () => {
      await subject().bus.publish(facts(23));

      expect(await heardIds()).toEqual(ids(facts(23)));
    });

    test("what many publish at once is all heard", async () => {
      await atOnce(20, (n) => subject().bus.publish([aFact({ runId: runId(`orders.r${n}`) })]));

      expect(await heardIds()).toEqual(ids(facts(20)));
    });
  });
}
