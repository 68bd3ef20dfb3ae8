/** The minute: wakes what is due, and arms timers for what soon will be. */
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { captureLambdaHandler } from "@aws-lambda-powertools/tracer/middleware";
import middy from "@middy/core";
import { tick } from "../../shared/app/tick.ts";
import { plus } from "../../shared/core/time.ts";
import { TICK_MS_MAX, engine, logger, publishMetrics, tracer } from "./wiring.ts";

export const handler = middy<object>()
  .use(captureLambdaHandler(tracer, { captureResponse: false }))
  .use(injectLambdaContext(logger))
  .use(publishMetrics)
  .handler(async () => {
    const result = await tick(engine, plus(engine.clock.now(), TICK_MS_MAX));
    if (!result.complete) logger.warn("a tick ran out of time; the next one begins elsewhere", { ...result });
    return result;
  });
