/** The clock and chance of a function. */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { commitId } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import type { Clock, Ids } from "../ports/clock.ts";

const PREFIX_BYTES = 12;
const SUFFIX_LENGTH = 6;
const RADIX = 36;
const DIGEST_DIGITS = 32;

export const createClock = (): Clock => ({
  now: () => instant(Date.now()),
  // Being woken early is no fault of the sleeper's.
  sleep: (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
});

/** Unique among all sandboxes of all functions: chance once, then a count. */
export function createIds(): Ids {
  const prefix = randomBytes(PREFIX_BYTES).toString("base64url");
  let count = 0;
  const next = (): string => `${prefix}.${(count++).toString(RADIX)}`;
  return {
    commitId: () => commitId(next()),
    owner: next,
    suffix: () => Array.from({ length: SUFFIX_LENGTH }, () => randomInt(RADIX).toString(RADIX)).join(""),
    random: Math.random,
    digest: (text) => createHash("sha256").update(text).digest("hex").slice(0, DIGEST_DIGITS),
  };
}
