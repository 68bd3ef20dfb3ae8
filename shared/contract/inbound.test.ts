import { describe, expect, test } from "vitest";
import { parseInbound } from "./inbound.ts";

const written = (actual: string): string => (actual === "acme-lake-1" ? "data-lake" : actual);

/** As EventBridge delivers it to a queue. */
const anEvent = (key: string, object: object = { "version-id": "v7", sequencer: "0A" }): string =>
  JSON.stringify({
    version: "0",
    id: "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    source: "aws.s3",
    account: "111122223333",
    time: "2026-03-01T12:00:00Z",
    region: "eu-west-1",
    resources: ["arn:aws:s3:::acme-lake-1"],
    detail: {
      version: "0",
      bucket: { name: "acme-lake-1" },
      object: { key, size: 5, etag: "b57f", ...object },
      "request-id": "617f08299329d189",
      requester: "123456789012",
      reason: "PutObject",
    },
  });

describe("an object that was created", () => {
  test("arrives under the name that pipelines have for its bucket", () => {
    expect(parseInbound(anEvent("raw/orders/a.csv"), written)).toEqual({
      type: "object_created",
      v: 1,
      object: {
        bucket: "data-lake",
        key: "raw/orders/a.csv",
        size: 5,
        etag: "b57f",
        version: "v7",
        arrivedAt: "2026-03-01T12:00:00Z",
      },
    });
  });

  test.each(["a+b.csv", "50%.csv", "#1.csv", "../up.csv", "it's.csv", "two\nlines.csv", "größe 💾.csv", "a%2Fb.csv"])(
    "has its key as it is: %j",
    (key) => {
      expect(parseInbound(anEvent(key), written)).toMatchObject({ object: { key } });
    },
  );

  test.each([
    [{ sequencer: "0A" }, "0A"],
    [{}, "b57f"],
  ])("in a bucket without versions is told from the next by %j", (object, version) => {
    expect(parseInbound(anEvent("a", object), written)).toMatchObject({ object: { version } });
  });
});

test("a message of ours stays one, whatever its texts say", () => {
  const message = { type: "wake_dag", v: 1, dagId: "orders" } as const;

  expect(parseInbound(JSON.stringify(message), written)).toEqual(message);
  expect(() => parseInbound('{"type":"\\"detail-type\\""}', written)).toThrow("a run message is not as agreed");
});

test.each([
  ['{"detail-type":"Object Deleted","source":"aws.s3"}', "an event is not as agreed"],
  ['"detail-type"', "a run message is not as agreed"],
  ['{"detail-type"', "a run message is not JSON"],
])("%s is no message", (body, said) => {
  expect(() => parseInbound(body, written)).toThrow(said);
});
