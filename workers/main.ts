/** A worker: takes attempts from its queue and runs them until it is told to stop. `node worker.mjs` */
import { claimAttempt, runAttempt, type Claim } from "../shared/app/attempt/run-attempt.ts";
import { consumeTasks } from "../shared/aws/sqs/task-consumer.ts";
import type { Dispatch } from "../shared/core/attempt.ts";
import { FreshetError } from "../shared/core/errors.ts";
import { durationText } from "../shared/core/time.ts";
import { createTaskProtection } from "./task-protection.ts";
import { logger, subjectOf, wiring, type Wiring } from "./wiring.ts";

const onFault = (what: string, error: unknown): void =>
  logger.error(what, { reason: error instanceof Error ? error.message : String(error) });

try {
  work(await wiring(process.env));
} catch (error) {
  if (!(error instanceof FreshetError)) throw error;
  onFault("the worker cannot start", error);
  process.exitCode = 1;
}

function work({ executing, runner, polling, tasksQueueUrl, settings }: Wiring): void {
  const protection = createTaskProtection(process.env["ECS_AGENT_URI"], onFault);
  const consumer = consumeTasks<Claim>({
    client: polling,
    queueUrl: tasksQueueUrl,
    slots: settings.SLOTS,
    claim: (dispatch) => claimAttempt(executing, dispatch),
    async run(dispatch: Dispatch, claim, control) {
      const end = await runAttempt(executing, dispatch, control, Promise.resolve(claim));
      logger.info(`attempt ${end}`, subjectOf(dispatch.key));
    },
    onInvalid: ({ messageId }, error) => onFault(`dispatch ${messageId} could not be read`, error),
    onFault,
    onBusy: (atWork) => protection.set(atWork > 0),
  });
  logger.info("takes attempts", { slots: settings.SLOTS, queue: tasksQueueUrl });
  const graceMs = settings.STOP_GRACE_SECONDS * 1_000;
  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info(`${signal}: receives no more; what is at work has ${durationText(graceMs)}`);
    await consumer.stop(graceMs, new Error(`the worker was stopped (${signal})`));
    protection.close();
    await runner.close();
    logger.info("stopped");
    process.exit(0);
  };
  process.on("SIGTERM", (signal) => void stop(signal));
  process.on("SIGINT", (signal) => void stop(signal));
}
