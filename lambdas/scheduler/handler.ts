/** Takes in batches of the run-event queue: all events of a record together, one decision and one commit for them. */
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import middy from "@middy/core";
import type { SQSEvent } from "aws-lambda";
import { handleRunMessages } from "../../shared/app/handle-messages.ts";
import { handleBatch } from "../../shared/aws/sqs/sqs-batch.ts";
import { logger, publishMetrics, tracing, wiring } from "./wiring.ts";

export const handler = middy<SQSEvent>()
  .use(tracing)
  .use(injectLambdaContext(logger))
  .use(publishMetrics)
  .handler(async ({ Records }) => {
    const { engine, parse, onInvalid } = await wiring();
    return handleBatch(Records, parse, (messages) => handleRunMessages(engine, messages), onInvalid);
  });
