/** The clock, chance and the key of one machine. */
import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FreshetError } from "../core/errors.ts";
import { attemptKeyText, commitId } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import type { Clock, Ids, Tokens } from "../ports/clock.ts";
import { makeFolder } from "./make-folder.ts";

const KEY_BYTES = 32;
const TOKEN_BYTES = 16;
const SUFFIX_LENGTH = 6;
const SUFFIX_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

export function createClock(): Clock {
  return {
    now: () => instant(Date.now()),
    // Every attempt sleeps between its heartbeats and is woken when it ends: too often for errors that nobody reads.
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, signal?.aborted === true ? 0 : ms);
        signal?.addEventListener("abort", wake);
      }),
  };
}

/** Ids of commits and owners are unique among processes, and cheap: chance once, then a count. */
export function createIds(): Ids {
  const prefix = randomBytes(12).toString("base64url");
  let count = 0;
  const next = (): string => `${prefix}.${(count++).toString(36)}`;
  return {
    commitId: () => commitId(next()),
    owner: next,
    suffix: () =>
      Array.from(randomBytes(SUFFIX_LENGTH), (byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length]).join(""),
    random: Math.random,
    digest: (text) => createHash("sha256").update(text).digest("hex").slice(0, 32),
  };
}

/**
 * Tokens signed with a key that lies in the home, readable by its owner alone, and is made when there is none. Throws
 * FreshetError (HOME_UNUSABLE) where the key can be neither read nor made.
 */
export function openTokens(home: string): Tokens {
  // As a key object: bytes would be prepared anew for each signature, which costs ten times as much.
  const key = createSecretKey(openKey(home));
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest().subarray(0, TOKEN_BYTES);
  return {
    sign: (attempt) => sign(attemptKeyText(attempt)).toString("base64url"),
    verify(attempt, token) {
      const given = Buffer.from(token, "base64url");
      return given.length === TOKEN_BYTES && timingSafeEqual(given, sign(attemptKeyText(attempt)));
    },
  };
}

/** Only the holder of the home's lock signs, so nobody else makes the key at the same time. */
function openKey(home: string): Buffer {
  const path = join(home, "token.key");
  try {
    const known = readKey(path);
    if (known !== undefined) return known;
    const key = randomBytes(KEY_BYTES);
    makeFolder(home);
    writeFileSync(path, key, { mode: 0o600 });
    return key;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FreshetError("HOME_UNUSABLE", `the key ${path} can be neither read nor made: ${reason}`, { cause });
  }
}

/** Undefined if there is none, or (after a crash) not all of one: what was signed with it died in that crash too. */
function readKey(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  const key = readFileSync(path);
  return key.length === KEY_BYTES ? key : undefined;
}
