import { createHmac, timingSafeEqual } from "node:crypto";
import { attemptKeyText, type AttemptKey } from "../core/ids.ts";
import type { Tokens } from "../ports/clock.ts";

const KEY_BYTES_MIN = 32;

/** HMAC-SHA256 of the attempt's key, by a key that only the scheduler has. */
export function createTokens(key: Uint8Array): Tokens {
  if (key.byteLength < KEY_BYTES_MIN) {
    throw new RangeError(
      `the key of dispatch tokens has ${key.byteLength} bytes; at least ${KEY_BYTES_MIN} are needed`,
    );
  }
  const digest = (attempt: AttemptKey) => createHmac("sha256", key).update(attemptKeyText(attempt)).digest();
  return {
    sign: (attempt) => digest(attempt).toString("base64url"),
    verify(attempt, token) {
      const given = Buffer.from(token, "base64url");
      const expected = digest(attempt);
      // The length of a token is no secret; timingSafeEqual wants equal ones.
      return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
    },
  };
}
