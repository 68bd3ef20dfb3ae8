import type { Dispatch } from "../../../shared/core/attempt.ts";
import { runAttempt } from "../../../shared/app/attempt/run-attempt.ts";
import { executingOf } from "../../../shared/simulated/ports/wiring.ts";
import { taskRunnerOf } from "../ports/task-runner.ts";
import type { World } from "../world.ts";
import { EXECUTOR_SKEW_MS_MAX, startConsumer } from "./consumer.ts";

const LAMBDA_HEARTBEAT_MS = 60_000;
/** A function lives this much longer than the attempt that it was given; its message waits as much longer again. */
const SPARE_MS = 60_000;
const LAMBDA_LEASE_SPARE_MS = 30_000;
const WORKER_LEASE_MS = 60_000;
const WORKER_VISIBILITY_MS = 300_000;

/** Executor functions, whose claim lasts as long as the attempt may, and workers, which renew theirs. */
export function startExecutors(world: World): void {
  // In some worlds there is more to do than hands to do it.
  const random = world.random.fork("executors");
  const longest = (messages: readonly Dispatch[]): number => Math.max(...messages.map(({ timeoutMs }) => timeoutMs));
  startConsumer(world, {
    name: "lambda",
    queue: world.tasks.lambda,
    hosts: random.pick([1, 3, 4]),
    slotsPerHost: 1,
    batchMax: 1,
    skewMsMax: EXECUTOR_SKEW_MS_MAX,
    visibilityMs: (messages) => longest(messages) + 2 * SPARE_MS,
    timeoutMs: (messages) => longest(messages) + SPARE_MS,
    async handle(process, [dispatch]) {
      if (dispatch === undefined) return [];
      const leaseMs = dispatch.timeoutMs + LAMBDA_LEASE_SPARE_MS;
      const lease = { leaseMs, heartbeatMs: LAMBDA_HEARTBEAT_MS };
      await runAttempt(executingOf(world, process, { ...lease, runner: taskRunnerOf(world, process) }), dispatch);
      return [];
    },
  });
  startConsumer(world, {
    name: "worker",
    queue: world.tasks.worker,
    hosts: random.pick([1, 2]),
    slotsPerHost: random.pick([1, 3]),
    batchMax: 1,
    skewMsMax: EXECUTOR_SKEW_MS_MAX,
    visibilityMs: () => WORKER_VISIBILITY_MS,
    timeoutMs: () => null,
    async handle(process, [dispatch]) {
      if (dispatch === undefined) return [];
      const lease = { leaseMs: WORKER_LEASE_MS, heartbeatMs: WORKER_LEASE_MS / 3 };
      await runAttempt(executingOf(world, process, { ...lease, runner: taskRunnerOf(world, process) }), dispatch);
      return [];
    },
  });
}
