/** Runs a pipeline once through the use-cases and the AWS adapters, and counts what went over the wire. */
import { performance } from "node:perf_hooks";
import { handleRunMessages } from "../../shared/app/handle-messages.ts";
import { register } from "../../shared/app/register.ts";
import { runAttempt } from "../../shared/app/attempt/run-attempt.ts";
import { startRun } from "../../shared/app/start-run.ts";
import { tick } from "../../shared/app/tick.ts";
import { parseDispatch, parseRunMessage } from "../../shared/contract/messages.ts";
import { plus } from "../../shared/core/time.ts";
import type { TaskRunner } from "../../shared/ports/task-runner.ts";
import { startBus, type BusEndpoint } from "./bus.ts";
import { startConsumer, type Consumer } from "./consumers.ts";
import { OUTPUT, type Graph } from "./graphs.ts";
import { openWorld, type AwsWorld, type Endpoints } from "./world.ts";

const RUN_EVENT_BATCH = 10;
const TICK_MS = 60_000;

/** Batches that each function has in work at once; an executor's batch is one message. */
export interface Concurrency {
  readonly schedulers: number;
  readonly executors: number;
}

export type Calls = Readonly<Record<string, number>>;

export interface AwsRun {
  /** Of both functions, of their event sources, and of whoever started the run. */
  readonly calls: Calls;
  readonly schedulerCalls: number;
  readonly executorCalls: number;
  /** Sizes of the batches of run events. */
  readonly batches: readonly number[];
  /** Write units that the engine's indexes took. */
  readonly indexUnits: number;
  /** Write units of everything, indexes and refused writes included. */
  readonly writeUnits: number;
  /** Of one tick that finds nothing due. */
  readonly tickCalls: Calls;
  readonly totalMs: number;
  /** When each task's code began, in milliseconds since the run was asked for. */
  readonly startsMs: readonly number[];
}

/** One run, in functions that are warm. */
export async function measureRun(endpoints: Endpoints, graph: Graph, concurrency: Concurrency): Promise<AwsRun> {
  const bus = await startBus();
  const world = await openWorld(endpoints, bus);
  try {
    await register(world.engine, [graph.version]);
    await world.engine.versions(graph.version.version); // As a function has that has seen a run of this version before.
    world.scheduler.reset();
    world.executor.reset();
    world.units();
    world.written();
    const run = await runOnce(world, bus, graph, concurrency);
    const [schedulerCalls, executorCalls] = [world.scheduler.total(), world.executor.total()];
    const calls = summed(world.scheduler.counts(), world.executor.counts());
    const { indexes: indexUnits } = world.units();
    const writeUnits = world.written();
    world.scheduler.reset();
    await tick(world.engine, plus(world.engine.clock.now(), TICK_MS));
    return {
      ...run,
      calls,
      schedulerCalls,
      executorCalls,
      indexUnits,
      writeUnits,
      tickCalls: world.scheduler.counts(),
    };
  } finally {
    await world.close();
    await bus.close();
  }
}

async function runOnce(
  world: AwsWorld,
  bus: BusEndpoint,
  { version, items = [] }: Graph,
  { schedulers, executors }: Concurrency,
): Promise<Pick<AwsRun, "batches" | "totalMs" | "startsMs">> {
  const startedAt = performance.now();
  const startsMs: number[] = [];
  const runner: TaskRunner = {
    async run({ dispatch }) {
      startsMs.push(performance.now() - startedAt);
      return { kind: "success", output: dispatch.mappedBy === undefined ? OUTPUT : items };
    },
  };
  const scheduler = consumeRunEvents(world, schedulers);
  const executor = consumeDispatches(world, executors, runner);
  const ended = bus.nextEnd();
  await startRun(world.engine, { dagId: version.manifest.dagId, by: "bench" });
  const fact = await ended;
  const totalMs = performance.now() - startedAt;
  await Promise.all([scheduler.stop(), executor.stop()]);
  if (fact.state !== "success") throw new Error(`the run ended ${fact.state}: ${JSON.stringify(fact.failed)}`);
  return { batches: scheduler.batches, totalMs, startsMs };
}

const consumeRunEvents = ({ engine, uncounted, eventsUrl, scheduler }: AwsWorld, concurrency: number): Consumer =>
  startConsumer({
    sqs: uncounted.sqs,
    counter: scheduler,
    queueUrl: eventsUrl,
    batchSize: RUN_EVENT_BATCH,
    concurrency,
    async handle(bodies) {
      const messages = bodies.map((body) => parseRunMessage(body));
      const failed = await handleRunMessages(engine, messages);
      return failed.map((message) => messages.indexOf(message));
    },
  });

const consumeDispatches = (
  { executing, uncounted, tasksUrl, executor }: AwsWorld,
  concurrency: number,
  runner: TaskRunner,
): Consumer =>
  startConsumer({
    sqs: uncounted.sqs,
    counter: executor,
    queueUrl: tasksUrl,
    batchSize: 1,
    concurrency,
    async handle(bodies) {
      for (const body of bodies) await runAttempt({ ...executing, runner }, parseDispatch(body));
      return [];
    },
  });

export function summed(...counts: readonly Calls[]): Calls {
  const total = new Map<string, number>();
  for (const [call, count] of counts.flatMap((one) => Object.entries(one))) {
    total.set(call, (total.get(call) ?? 0) + count);
  }
  return Object.fromEntries([...total].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export const totalOf = (calls: Calls): number => Object.values(calls).reduce((total, count) => total + count, 0);

export const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / Math.max(1, values.length);
