import fc from "fast-check";
import { expect, test } from "vitest";
import { anAttemptKey } from "../../test/builders/index.ts";
import { runId, taskId } from "../core/ids.ts";
import { createTokens } from "./tokens.ts";

const KEY = new Uint8Array(32).fill(7);
const tokens = createTokens(KEY);

test("a token proves the attempt that it was made for", () => {
  expect(tokens.verify(anAttemptKey(), tokens.sign(anAttemptKey()))).toBe(true);
});

test.each([
  ["run", { runId: runId("orders.run-2") }],
  ["task", { taskId: taskId("load") }],
  ["index", { mapIndex: 0 }],
  ["attempt", { attempt: 2 }],
])("it proves no other %s", (_, other) => {
  expect(tokens.verify(anAttemptKey(other), tokens.sign(anAttemptKey()))).toBe(false);
});

test("a token made with another key proves nothing", () => {
  const others = createTokens(new Uint8Array(32).fill(8));

  expect(tokens.verify(anAttemptKey(), others.sign(anAttemptKey()))).toBe(false);
});

test("no text but the token itself passes", () => {
  const token = tokens.sign(anAttemptKey());
  const near = [
    token.slice(0, -1),
    `${token}A`,
    `${token}!`,
    ` ${token}`,
    token.toLowerCase(),
    `${token.slice(0, -1)}9`,
  ];

  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom(...near)), (text) => {
      expect(tokens.verify(anAttemptKey(), text)).toBe(false);
    }),
  );
});

test("the token of a key stays as it is: dispatches outlive a deployment", () => {
  expect(tokens.sign(anAttemptKey())).toBe("rGMiQpKd_z-90BpZhBIfdi1qLsFp1PQWWLDADcwFIN8");
});

test("a key too short to keep a secret is refused", () => {
  expect(() => createTokens(new Uint8Array(16))).toThrow("16 bytes");
});
