import { appendFileSync, mkdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { anAttemptKey, NOON } from "../../test/builders/index.ts";
import { taskId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import {
  createLogStore,
  LOG_BYTES_MAX,
  LOG_MESSAGE_LENGTH_MAX,
  logPath,
  openAttemptLog,
  type LogLine,
} from "./log-store.ts";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "freshet-logs-"));
});

afterEach(async () => rm(home, { recursive: true, force: true }));

test("what was written is read, in order", async () => {
  const log = openAttemptLog(home, anAttemptKey());

  log.write(NOON, "info", "loaded", { rows: 3 });
  log.write(NOON, "warn", "two\nlines and \u001b[31m");

  const at = new Date(NOON).toISOString().replace(".000Z", "Z");
  expect(await createLogStore({ home }).read(anAttemptKey())).toEqual([
    { at, level: "info", message: "loaded", fields: { rows: 3 } },
    { at, level: "warn", message: "two\nlines and \u001b[31m" },
  ]);
});

test("an attempt that wrote nothing has an empty log", async () => {
  expect(await createLogStore({ home }).read(anAttemptKey())).toEqual([]);
});

test("a log that grows too long ends with a note", async () => {
  const log = openAttemptLog(home, anAttemptKey());

  for (let written = 0; written < LOG_BYTES_MAX + 200_000; written += 30_000)
    log.write(NOON, "info", "x".repeat(30_000));

  const lines = await createLogStore({ home }).read(anAttemptKey());
  expect(lines.at(-1)).toMatchObject({ level: "warn", message: "the log ends here: it is longer than 10 MB" });
  expect(statSync(logPath(home, anAttemptKey())).size).toBeLessThan(LOG_BYTES_MAX + 60_000);
});

test("a message that is too long is cut, and says how long it was", async () => {
  openAttemptLog(home, anAttemptKey()).write(NOON, "info", "x".repeat(LOG_MESSAGE_LENGTH_MAX + 10));

  const [line] = await createLogStore({ home }).read(anAttemptKey());
  expect(line?.message.slice(LOG_MESSAGE_LENGTH_MAX)).toBe("… (32778 characters in all)");
});

test("fields that JSON cannot carry do not lose the message", async () => {
  openAttemptLog(home, anAttemptKey()).write(NOON, "info", "loaded", { rows: 3n } as unknown as JsonObject);

  const [line] = await createLogStore({ home }).read(anAttemptKey());
  expect(line).toMatchObject({
    message: "loaded",
    fields: { unserialisable: "Do not know how to serialize a BigInt" },
  });
});

test("a log that cannot be written disturbs nobody", () => {
  appendFileSync(join(home, "logs"), "in the way");

  expect(() => openAttemptLog(home, anAttemptKey()).write(NOON, "info", "lost")).not.toThrow();
});

test("a task whose name looks like a mapped instance has a log of its own", () => {
  const mapped = anAttemptKey({ taskId: taskId("load"), mapIndex: 1 });
  const named = anAttemptKey({ taskId: taskId("load.1") });

  expect(logPath(home, mapped)).not.toBe(logPath(home, named));
});

test("attempts that have a log are listed, of one task or of all", async () => {
  const keys = [
    anAttemptKey({ taskId: taskId("extract"), attempt: 1 }),
    anAttemptKey({ taskId: taskId("extract"), attempt: 10 }),
    anAttemptKey({ taskId: taskId("load.1"), mapIndex: 3 }),
  ];
  for (const key of keys.toReversed()) openAttemptLog(home, key).write(NOON, "info", "on");
  const logs = createLogStore({ home });

  expect(await logs.attempts(anAttemptKey().runId)).toEqual(keys);
  expect(await logs.attempts(anAttemptKey().runId, taskId("load.1"))).toEqual(keys.slice(2));
});

test("a followed log gives what is there, what comes, and ends with what came before the end", async () => {
  const controller = new AbortController();
  const log = openAttemptLog(home, anAttemptKey());
  log.write(NOON, "info", "first");
  const seen: string[] = [];

  for await (const { message } of createLogStore({ home }).follow(anAttemptKey(), controller.signal)) {
    seen.push(message);
    if (message === "first") log.write(NOON, "info", "second");
    if (message !== "second") continue;
    log.write(NOON, "info", "last");
    controller.abort();
  }

  expect(seen).toEqual(["first", "second", "last"]);
});

test("a line that is being written is not given before it is whole", async () => {
  const controller = new AbortController();
  const path = logPath(home, anAttemptKey());
  const whole: LogLine = { at: "2026-03-02T12:00:00Z", level: "info", message: "größer" };
  mkdirSync(dirname(path), { recursive: true });
  const text = `${JSON.stringify(whole)}\n`;
  appendFileSync(path, text.slice(0, 20));
  const following = createLogStore({ home }).follow(anAttemptKey(), controller.signal)[Symbol.asyncIterator]();

  const first = following.next();
  appendFileSync(path, text.slice(20));

  expect(await first).toEqual({ done: false, value: whole });
  controller.abort();
  expect(await following.next()).toEqual({ done: true, value: undefined });
});
