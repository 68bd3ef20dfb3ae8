/** The minute: wakes what is due, arms timers for what soon will be, decides what becomes of dead letters. */
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import middy from "@middy/core";
import { decideDeadLetters } from "../../shared/app/dead-letters.ts";
import { tick } from "../../shared/app/tick.ts";
import { plus } from "../../shared/core/time.ts";
import { TICK_MS_MAX, logger, publishMetrics, tracing, wiring } from "./wiring.ts";

export const handler = middy<object>()
  .use(tracing)
  .use(injectLambdaContext(logger))
  .use(publishMetrics)
  .handler(async () => {
    const { engine, deadLetters, parse } = await wiring();
    const until = plus(engine.clock.now(), TICK_MS_MAX);
    const result = await tick(engine, until);
    const dead = await decideDeadLetters(engine, deadLetters, parse, until);
    if (dead > 0) logger.warn("messages had died; what became of each is decided", { dead });
    if (!result.complete) logger.warn("a tick ran out of time; the next one begins elsewhere", { ...result });
    return result;
  });
