import { expect, test } from "vitest";
import { handleBatch } from "./sqs-batch.ts";

interface Word {
  readonly word: string;
}
const RECORDS = ["good", "bad", "{"].map((word, index) => ({
  messageId: `m${index}`,
  body: word === "{" ? word : JSON.stringify({ word }),
}));

test("what was not handled comes again, what cannot be read does not", async () => {
  const invalid: string[] = [];

  const reply = await handleBatch<Word>(
    RECORDS,
    (body) => JSON.parse(body) as Word,
    async (words) => words.filter(({ word }) => word === "bad"),
    ({ messageId }) => invalid.push(messageId),
  );

  expect(reply).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
  expect(invalid).toEqual(["m2"]);
});
