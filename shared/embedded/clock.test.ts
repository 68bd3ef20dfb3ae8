import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { anAttemptKey } from "../../test/builders/index.ts";
import { createClock, createIds, openTokens } from "./clock.ts";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "freshet-clock-"));
});

afterEach(async () => rm(home, { recursive: true, force: true }));

test("sleep ends at once when it is aborted", async () => {
  const controller = new AbortController();
  const sleeping = createClock().sleep(60_000, controller.signal);

  controller.abort();

  await expect(sleeping).resolves.toBeUndefined();
});

test("ids of commits and owners are never the same, in one process or in two", () => {
  const [one, two] = [createIds(), createIds()];

  const ids = [one.commitId(), one.commitId(), one.owner(), two.commitId(), two.owner()];

  expect(new Set(ids).size).toBe(ids.length);
});

test("a suffix can be part of a run's id", () => {
  expect(createIds().suffix()).toMatch(/^[0-9a-z]{6}$/);
});

test("equal texts have equal digests, of 32 hex digits", () => {
  const ids = createIds();

  expect(ids.digest("orders")).toMatch(/^[0-9a-f]{32}$/);
  expect(ids.digest("orders")).toBe(createIds().digest("orders"));
});

describe("a token", () => {
  test("proves its attempt, after a restart too", () => {
    const token = openTokens(home).sign(anAttemptKey());

    expect(openTokens(home).verify(anAttemptKey(), token)).toBe(true);
  });

  test("proves no other attempt", () => {
    const tokens = openTokens(home);

    expect(tokens.verify(anAttemptKey({ attempt: 2 }), tokens.sign(anAttemptKey({ attempt: 1 })))).toBe(false);
  });

  test.each(["", "x", "not base64 at all: ünïcode", "A".repeat(200)])(
    "that was made up proves nothing: %j",
    (token) => {
      expect(openTokens(home).verify(anAttemptKey(), token)).toBe(false);
    },
  );

  test("of another home proves nothing", () => {
    mkdirSync(join(home, "other"));

    expect(openTokens(home).verify(anAttemptKey(), openTokens(join(home, "other")).sign(anAttemptKey()))).toBe(false);
  });

  test.skipIf(process.platform === "win32")("is signed with a key that nobody else can read", () => {
    openTokens(home);

    expect(statSync(join(home, "token.key")).mode & 0o777).toBe(0o600);
  });

  test("is signed with a new key when a crash cut the key short", () => {
    writeFileSync(join(home, "token.key"), "short");

    const tokens = openTokens(home);

    expect(tokens.verify(anAttemptKey(), tokens.sign(anAttemptKey()))).toBe(true);
  });

  test("cannot be signed in a home that is no folder", () => {
    writeFileSync(join(home, "file"), "");

    expect(() => openTokens(join(home, "file"))).toThrow(/token.key can be neither read nor made/);
  });
});
