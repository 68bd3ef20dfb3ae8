/**
 * Logs, one file an attempt: `<home>/logs/<runId>/<taskId>[@<mapIndex>].<attempt>.jsonl`, a JSON line for each message.
 * The process that runs the attempt appends; anybody may read meanwhile.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { open, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UNMAPPED, type AttemptKey, type RunId, type TaskId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { LogLevel } from "../core/task-host.ts";
import { iso, type Instant } from "../core/time.ts";

/** Bytes that one writer appends for one attempt; then a note says that the rest is missing. */
export const LOG_BYTES_MAX = 10 * 1024 * 1024;
/** Characters of one message; the rest is cut off, and the message says so. */
export const LOG_MESSAGE_LENGTH_MAX = 32_768;
/** How often a followed log is looked at. */
const LOG_FOLLOW_MS = 100;

export interface LogLine {
  /** ISO 8601. */
  readonly at: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: JsonObject;
}

/** Where the log of an attempt lies. `@` is in no id, so that task `load.1` is never taken for the second `load`. */
export function logPath(home: string, { runId, taskId, mapIndex, attempt }: AttemptKey): string {
  const instance = mapIndex === UNMAPPED ? taskId : `${taskId}@${mapIndex}`;
  return join(home, "logs", runId, `${instance}.${attempt}.jsonl`);
}

export interface AttemptLog {
  /** Never throws: a full disk loses log lines, not tasks. Nothing is created on disk before the first line. */
  write(at: Instant, level: LogLevel, message: string, fields?: JsonObject): void;
}

/** Appends to the log of one attempt, line by line, so that a process that dies has said all it had to say. */
export function openAttemptLog(home: string, key: AttemptKey): AttemptLog {
  const path = logPath(home, key);
  let bytes = 0;
  const append = (line: string): void => {
    try {
      if (bytes === 0) mkdirSync(dirname(path), { recursive: true });
      appendFileSync(path, line);
      bytes += Buffer.byteLength(line);
    } catch {
      bytes = LOG_BYTES_MAX + 1; // Neither this line nor a later one.
    }
  };
  return {
    write(at, level, message, fields) {
      if (bytes > LOG_BYTES_MAX) return;
      append(
        lineText({ at: iso(at), level, message: shortened(message), ...(fields === undefined ? {} : { fields }) }),
      );
      if (bytes <= LOG_BYTES_MAX) return;
      const note = `the log ends here: it is longer than ${LOG_BYTES_MAX / 1024 / 1024} MB`;
      append(lineText({ at: iso(at), level: "warn", message: note }));
    },
  };
}

function shortened(message: string): string {
  if (message.length <= LOG_MESSAGE_LENGTH_MAX) return message;
  return `${message.slice(0, LOG_MESSAGE_LENGTH_MAX)}… (${message.length} characters in all)`;
}

/** Fields come from the author's code: what JSON cannot carry must not lose the message. */
function lineText(line: LogLine): string {
  try {
    return `${JSON.stringify(line)}\n`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${JSON.stringify({ ...line, fields: { unserialisable: reason.split("\n", 1)[0] } })}\n`;
  }
}

export interface LogStore {
  /** All lines so far; none if the attempt wrote nothing. */
  read(key: AttemptKey): Promise<readonly LogLine[]>;
  /** Attempts of a run, or of one task in it, that have a log; by task, mapIndex and attempt. */
  attempts(runId: RunId, task?: TaskId): Promise<readonly AttemptKey[]>;
  /** Lines as they come. After `signal` aborts, what had been written by then is still given, and the iteration ends. */
  follow(key: AttemptKey, signal: AbortSignal): AsyncIterable<LogLine>;
}

export function createLogStore({ home }: { readonly home: string }): LogStore {
  return {
    async read(key) {
      const text = await ifThere(readFile(logPath(home, key), "utf8"));
      return text === undefined ? [] : parseLines(text).lines;
    },
    async attempts(runId, task) {
      const names = (await ifThere(readdir(join(home, "logs", runId)))) ?? [];
      return names
        .map((name) => parseLogName(runId, name))
        .filter((key): key is AttemptKey => key !== undefined && (task === undefined || key.taskId === task))
        .toSorted(byInstance);
    },
    follow: (key, signal) => followLines(logPath(home, key), signal),
  };
}

const LOG_NAME = /^(?<taskId>[^@]+?)(?:@(?<mapIndex>\d+))?\.(?<attempt>\d+)\.jsonl$/;

function parseLogName(runId: RunId, name: string): AttemptKey | undefined {
  const parts = LOG_NAME.exec(name)?.groups;
  if (parts?.["taskId"] === undefined) return undefined;
  const mapIndex = parts["mapIndex"] === undefined ? UNMAPPED : Number(parts["mapIndex"]);
  return { runId, taskId: parts["taskId"] as TaskId, mapIndex, attempt: Number(parts["attempt"]) };
}

const byInstance = (a: AttemptKey, b: AttemptKey): number =>
  a.taskId === b.taskId ? a.mapIndex - b.mapIndex || a.attempt - b.attempt : a.taskId < b.taskId ? -1 : 1;

async function* followLines(path: string, signal: AbortSignal): AsyncGenerator<LogLine> {
  let position = 0;
  for (;;) {
    const last = signal.aborted;
    const chunk = await readFrom(path, position);
    const { lines, bytes } = parseLines(chunk);
    position += bytes;
    yield* lines;
    if (last) return;
    await delay(LOG_FOLLOW_MS, undefined, { signal }).catch(() => undefined); // Aborted: one more look.
  }
}

async function readFrom(path: string, position: number): Promise<string> {
  const file = await ifThere(open(path));
  if (file === undefined) return "";
  try {
    const { size } = await file.stat();
    if (size <= position) return "";
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - position), 0, size - position, position);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The complete lines of `text`, and how many bytes they take; one that is still being written is left for later. */
function parseLines(text: string): { readonly lines: readonly LogLine[]; readonly bytes: number } {
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines: LogLine[] = [];
  for (const line of complete.split("\n")) {
    if (line === "") continue;
    const parsed = parseLine(line);
    if (parsed !== undefined) lines.push(parsed);
  }
  return { lines, bytes: Buffer.byteLength(complete) };
}

/** A line that a crash cut short is left out. */
function parseLine(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
