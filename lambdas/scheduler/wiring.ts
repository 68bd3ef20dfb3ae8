import { writtenBucket } from "../../shared/aws/s3/bucket-names.ts";
import type { QueueRecord } from "../../shared/aws/sqs/sqs-batch.ts";
import { parseInbound } from "../../shared/contract/inbound.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import { engineOf } from "../engine/opened.ts";

export { logger, publishMetrics, tracing } from "../engine/telemetry.ts";

const opened = await engineOf(process.env);

export async function wiring() {
  const { engine, deployment } = await opened();
  return {
    engine,
    parse: (body: string): RunMessage => parseInbound(body, (actual) => writtenBucket(deployment.bucketNames, actual)),
    onInvalid: ({ messageId }: QueueRecord, error: unknown): void =>
      engine.faults.record({
        kind: "message",
        id: messageId,
        code: "INVALID_MESSAGE",
        message: error instanceof Error ? error.message : String(error),
        at: engine.clock.now(),
      }),
  };
}
