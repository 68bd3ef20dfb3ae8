import { expect, test } from "vitest";
import { failuresText } from "./report.ts";

const aFailure = (seed: number, promise: string) => ({
  seed,
  promise,
  says: `what ${promise} says`,
  text: `seen in ${seed}`,
});

test("of the seeds that break a promise in the same way the first is told, and how many there are", () => {
  const text = failuresText([aFailure(12, "S3"), aFailure(7, "S3"), aFailure(9, "L1")], 2_000);

  expect(text.replaceAll(/at commit [^;]+;/g, "at commit ...;")).toBe(`3 of 2000 seeds break a promise.

S3: what S3 says (2 seeds)
  seen in 7
  at commit ...; replay it with: npm run simulate -- --seed 7

L1: what L1 says (1 seed)
  seen in 9
  at commit ...; replay it with: npm run simulate -- --seed 9`);
});
