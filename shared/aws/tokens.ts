import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
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
  // As a key object: bytes would be prepared anew for each signature, which costs ten times as much.
  const secret = createSecretKey(key);
  const sign = (attempt: AttemptKey): string =>
    createHmac("sha256", secret).update(attemptKeyText(attempt)).digest("base64url");
  return {
    sign,
    verify(attempt, token) {
      // As texts: decoding would let more than one text pass for the same token.
      const [given, expected] = [Buffer.from(token), Buffer.from(sign(attempt))];
      // The length of a token is no secret; timingSafeEqual wants equal ones.
      return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
    },
  };
}
