import { writtenBucket } from "../../shared/aws/bucket-names.ts";
import { createDeadLetters } from "../../shared/aws/dead-letters.ts";
import { parseInbound } from "../../shared/contract/inbound.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import { openEngine } from "../engine/open-engine.ts";

export { logger, publishMetrics, tracing } from "../engine/telemetry.ts";

const { engine, deployment, clients } = await openEngine(process.env);

export { engine };

export const deadLetters = createDeadLetters(clients.sqs, deployment.deadLettersUrl);

export const parse = (body: string): RunMessage =>
  parseInbound(body, (actual) => writtenBucket(deployment.bucketNames, actual));

/** A tick ends before the next one begins. */
export const TICK_MS_MAX = 50_000;
