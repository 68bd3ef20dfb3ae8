import { describe, expect, test } from "vitest";
import {
  fault,
  json,
  jsonOf,
  startWire,
  type Wire,
  type WireAnswer,
  type WireRequest,
} from "../../test/contract/aws/wire.ts";
import { aFact, eventBusContract } from "../../test/contract/event-bus.suite.ts";
import type { Fact } from "../core/events.ts";
import { runId, taskId } from "../core/ids.ts";
import type { EventBus } from "../ports/event-bus.ts";
import { createClients } from "./clients.ts";
import { FACT_TRIES_MAX, createEventBus } from "./event-bus.ts";

interface Entry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly Time: number;
}

const entriesOf = (request: WireRequest): Entry[] => (jsonOf(request) as { Entries: Entry[] }).Entries;
const factOf = (entry: Entry | undefined): Fact => JSON.parse(entry?.Detail ?? "null") as Fact;
const taken = (entries: readonly Entry[]): WireAnswer =>
  json({ FailedEntryCount: 0, Entries: entries.map((_, n) => ({ EventId: `e${n}` })) });

interface Subject {
  readonly bus: EventBus;
  readonly wire: Wire;
  readonly lost: { readonly facts: readonly Fact[]; readonly reason: string }[];
  readonly close: () => Promise<void>;
}

async function busThat(answer: (entries: readonly Entry[], index: number) => WireAnswer): Promise<Subject> {
  const wire = await startWire((request, index) => answer(entriesOf(request), index));
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const { events } = createClients({ region: "eu-west-1", endpoint: wire.endpoint, credentials });
  const lost: Subject["lost"] = [];
  const bus = createEventBus({
    client: events,
    busName: "freshet",
    onLost: (facts, reason) => lost.push({ facts, reason }),
    pause: async () => {},
  });
  return { bus, wire, lost, close: () => wire.close() };
}

describe("on EventBridge's protocol", () => {
  eventBusContract(async () => {
    const subject = await busThat(taken);
    return { ...subject, heard: async () => subject.wire.requests.flatMap(entriesOf).map(factOf) };
  });
});

/** Of a failed entry, in the place of the request's. */
const REFUSED = { ErrorCode: "ThrottlingException", ErrorMessage: "slow down" };

async function published(
  facts: readonly Fact[],
  answer: (entries: readonly Entry[], index: number) => WireAnswer,
): Promise<Subject> {
  const subject = await busThat(answer);
  await subject.bus.publish(facts);
  await subject.close();
  return subject;
}

const facts = (count: number): Fact[] =>
  Array.from({ length: count }, (_, n) => aFact({ runId: runId(`orders.r${n}`) }));

test("an entry tells rules where it is from, what it is and when it was", async () => {
  const { wire } = await published([aFact()], taken);

  const [entry] = wire.requests.flatMap(entriesOf);
  expect(entry).toMatchObject({
    EventBusName: "freshet",
    Source: "freshet",
    DetailType: "run_ended",
    Time: aFact().at / 1000,
  });
});

test("only the entries that failed are sent again, though the call answered 200", async () => {
  const { wire, lost } = await published(facts(4), (entries, index) =>
    index === 0
      ? json({ FailedEntryCount: 2, Entries: [{ EventId: "a" }, REFUSED, { EventId: "c" }, REFUSED] })
      : taken(entries),
  );

  const sent = wire.requests.map((request) => entriesOf(request).map((entry) => factOf(entry).runId));
  expect(sent).toEqual([facts(4).map((fact) => fact.runId), ["orders.r1", "orders.r3"]]);
  expect(lost).toEqual([]);
});

test(`what the bus refuses ${FACT_TRIES_MAX} times is lost, and told with the bus's reason`, async () => {
  const { wire, lost } = await published([aFact()], () => json({ FailedEntryCount: 1, Entries: [REFUSED] }));

  expect(wire.requests).toHaveLength(FACT_TRIES_MAX);
  expect(lost).toEqual([{ facts: [aFact()], reason: "ThrottlingException: slow down" }]);
});

test("a bus that does not answer loses its facts and fails nobody, and the next batch is still tried", async () => {
  const { lost, wire } = await published(facts(11), () => fault("AccessDeniedException", "not yours"));

  expect(lost.flatMap(({ facts: gone }) => gone)).toEqual(facts(11));
  expect(lost[0]?.reason).toContain("not yours");
  expect(wire.requests).toHaveLength(2);
});

test("a fact too large for the bus is told with as many failed tasks as fit", async () => {
  const failed = Array.from({ length: 5_000 }, (_, n) => ({ taskId: taskId(`task-${n}`), cause: "x".repeat(100) }));

  const { wire } = await published([aFact({ failed })], taken);

  const [entry] = wire.requests.flatMap(entriesOf);
  expect(Buffer.byteLength(entry?.Detail ?? "")).toBeLessThan(256 * 1024);
  expect(factOf(entry).failed.length).toBeGreaterThan(500);
  expect(factOf(entry).failed[0]).toEqual(failed[0]);
});

test("batches stay below what one call carries", async () => {
  const failed = Array.from({ length: 500 }, (_, n) => ({ taskId: taskId(`task-${n}`), cause: "x".repeat(200) }));

  const { wire } = await published(
    Array.from({ length: 5 }, () => aFact({ failed })),
    taken,
  );

  expect(wire.requests.flatMap(entriesOf)).toHaveLength(5);
  for (const request of wire.requests) expect(request.body.byteLength).toBeLessThan(256 * 1024);
});
