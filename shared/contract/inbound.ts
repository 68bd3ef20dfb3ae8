/** What arrives in the run-event queue: our own messages, and AWS's events as EventBridge delivers them. */
import * as z from "zod/mini";
import { FreshetError } from "../core/errors.ts";
import { parseRunMessage, type RunMessage } from "./messages.ts";
import { said } from "./said.ts";

/** The envelope of S3's events; `version-id` is there if the bucket keeps versions. */
const objectCreated = z.object({
  source: z.literal("aws.s3"),
  "detail-type": z.literal("Object Created"),
  time: z.string(),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      // EventBridge has the key as it is; S3's own notifications would have it encoded.
      key: z.string(),
      size: z._default(z.number(), 0),
      etag: z._default(z.string(), ""),
      "version-id": z.exactOptional(z.string()),
      sequencer: z.exactOptional(z.string()),
    }),
  }),
});

/**
 * The message of a queue's body; `bucketOf` gives the name that pipelines have for a bucket. Throws INVALID_MESSAGE, which
 * says what is wrong with it.
 */
export function parseInbound(body: string, bucketOf: (actual: string) => string): RunMessage {
  const envelope = envelopeOf(body);
  if (envelope === undefined) return parseRunMessage(body);
  const parsed = objectCreated.safeParse(envelope);
  if (!parsed.success) {
    throw new FreshetError("INVALID_MESSAGE", `an event is not as agreed: ${said(parsed.error)}`);
  }
  const { time, detail } = parsed.data;
  const { key, size, etag, sequencer } = detail.object;
  const version = detail.object["version-id"] ?? sequencer ?? etag;
  const object = { bucket: bucketOf(detail.bucket.name), key, size, etag, version, arrivedAt: time };
  return { type: "object_created", v: 1, object };
}

/** Of EventBridge; undefined for whatever else a body is. Our own messages may carry such words, but not at their top. */
function envelopeOf(body: string): object | undefined {
  if (!body.includes('"detail-type"')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && "detail-type" in value ? value : undefined;
  } catch {
    return undefined;
  }
}
