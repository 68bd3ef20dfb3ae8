import { writtenBucket } from "../../shared/aws/bucket-names.ts";
import type { QueueRecord } from "../../shared/aws/sqs-batch.ts";
import { parseInbound } from "../../shared/contract/inbound.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import { openEngine } from "../engine/open-engine.ts";

export { logger, publishMetrics, tracing } from "../engine/telemetry.ts";

const { engine, deployment } = await openEngine(process.env);

export { engine };

export const parse = (body: string): RunMessage =>
  parseInbound(body, (actual) => writtenBucket(deployment.bucketNames, actual));

export const onInvalid = ({ messageId }: QueueRecord, error: unknown): void =>
  engine.faults.record({
    kind: "message",
    id: messageId,
    code: "INVALID_MESSAGE",
    message: error instanceof Error ? error.message : String(error),
    at: engine.clock.now(),
  });
