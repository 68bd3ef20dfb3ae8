import { expect, test } from "vitest";
import { NOON } from "../../test/builders/index.ts";
import type { Fact } from "../core/events.ts";
import { dagId, runId } from "../core/ids.ts";
import { createMemoryEventBus } from "./event-bus.ts";

const FACT: Fact = {
  v: 1,
  type: "run_ended",
  text: "run orders.run-1 succeeded",
  runId: runId("orders.run-1"),
  dagId: dagId("orders"),
  state: "success",
  degraded: false,
  at: NOON,
  owner: null,
  team: null,
  runbook: null,
  failed: [],
};

test("a fact reaches all who listen, until they stop", async () => {
  const bus = createMemoryEventBus({ onFault: () => undefined });
  const [one, two]: Fact[][] = [[], []];
  const stop = bus.subscribe((fact) => one?.push(fact));
  bus.subscribe((fact) => two?.push(fact));

  await bus.publish([FACT]);
  stop();
  await bus.publish([FACT]);

  expect([one, two]).toEqual([[FACT], [FACT, FACT]]);
});

test("a listener that throws keeps nothing from the others", async () => {
  const faults: unknown[] = [];
  const heard: Fact[] = [];
  const bus = createMemoryEventBus({ onFault: (error) => faults.push(error) });
  bus.subscribe(() => {
    throw new Error("no terminal");
  });
  bus.subscribe((fact) => heard.push(fact));

  await bus.publish([FACT]);

  expect([heard, faults]).toEqual([[FACT], [new Error("no terminal")]]);
});
