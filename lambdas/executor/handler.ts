/** Runs the attempt of one dispatch. */
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import middy from "@middy/core";
import type { SQSEvent } from "aws-lambda";
import { runAttempt } from "../../shared/app/attempt/run-attempt.ts";
import { handleBatch } from "../../shared/aws/sqs/sqs-batch.ts";
import { parseDispatch } from "../../shared/contract/messages.ts";
import type { Dispatch } from "../../shared/core/attempt.ts";
import { LEASE_SPARE_MS, executing, logger, publishMetrics, onInvalid, subjectOf, tracing } from "./wiring.ts";

async function run(dispatch: Dispatch): Promise<void> {
  const end = await runAttempt({ ...executing, leaseMs: dispatch.timeoutMs + LEASE_SPARE_MS }, dispatch);
  logger.info(`attempt ${end}`, subjectOf(dispatch.key));
}

export const handler = middy<SQSEvent>()
  .use(tracing)
  .use(injectLambdaContext(logger))
  .use(publishMetrics)
  .handler(({ Records }) =>
    handleBatch(
      Records,
      parseDispatch,
      async (dispatches) => {
        await Promise.all(dispatches.map(run)); // A batch of one: what throws comes again.
        return [];
      },
      onInvalid,
    ),
  );
