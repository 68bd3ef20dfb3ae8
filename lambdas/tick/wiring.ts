import { writtenBucket } from "../../shared/aws/s3/bucket-names.ts";
import { createDeadLetters } from "../../shared/aws/sqs/dead-letters.ts";
import { parseInbound } from "../../shared/contract/inbound.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import { engineOf } from "../engine/opened.ts";

export { logger, publishMetrics, tracing } from "../engine/telemetry.ts";

/** A tick ends before the next one begins. */
export const TICK_MS_MAX = 50_000;

const opened = await engineOf(process.env);

export async function wiring() {
  const { engine, deployment, clients } = await opened();
  return {
    engine,
    deadLetters: createDeadLetters(clients.sqs, deployment.deadLettersUrl),
    parse: (body: string): RunMessage => parseInbound(body, (actual) => writtenBucket(deployment.bucketNames, actual)),
  };
}
