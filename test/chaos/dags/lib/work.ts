/**
 * What the tasks of the chaos world do: they write down when their code begins, that it is still there, and how it ends;
 * how it ends is thrown by dice that only the seed and the attempt turn.
 */
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { JournalLine } from "./journal-line.ts";

const BEAT_MS = 40;
/** Longer than any timeout here and the grace after it. */
const FOREVER_MS = 600_000;

export interface Output {
  readonly task: string;
  readonly attempt: number;
}

/** The part of a task's context that is used here. */
interface Context {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly run: { readonly runId: string; readonly files: readonly { readonly key: string }[] };
}

export interface Habits {
  /** How long it works. */
  readonly ms: readonly [min: number, max: number];
  /** The share of attempts that throw. */
  readonly fails?: number;
  /** ... that go on until they are told to stop, and then do. */
  readonly late?: number;
  /** ... that do not stop when they are told. */
  readonly deaf?: number;
  /** ... that block their process, so that it notices nothing at all. */
  readonly frozen?: number;
}

/** The function of task `task`. */
export function work(task: string, habits: Habits): (context: Context) => Promise<Output> {
  return async ({ inputs, attempt, signal, run }) => {
    const note = notebook(run.runId, task, attempt);
    note("start", { pid: process.pid, born: bornAt("self") ?? "" });
    if (attempt > 1) noteOlder(run.runId, task, attempt, note);
    for (const [name, input] of Object.entries(inputs)) {
      if (input !== undefined && (input as Partial<Output>).task !== name) note("wrong-input", { text: name });
    }
    const dice = diceOf(`${run.runId}#${task}#${attempt}`);
    try {
      await behave(habits, dice, signal, note);
    } catch (error) {
      note("end", { text: signal.aborted ? "stopped" : "failure" });
      throw error;
    }
    note("end", { text: "success" });
    return { task, attempt };
  };
}

async function behave(habits: Habits, dice: () => number, signal: AbortSignal, note: Note): Promise<void> {
  const { fails = 0, late = 0, deaf = 0, frozen = 0 } = habits;
  const [min, max] = habits.ms;
  const ms = min + dice() * (max - min);
  const face = dice();
  if (face < frozen) return freeze(note);
  if (face < frozen + deaf) return idle(FOREVER_MS, undefined, note);
  if (face < frozen + deaf + late) return idle(FOREVER_MS, signal, note);
  await idle(ms, signal, note);
  if (face < frozen + deaf + late + fails) throw new Error("this attempt was to fail");
}

async function idle(ms: number, signal: AbortSignal | undefined, note: Note): Promise<void> {
  for (let left = ms; left > 0; left -= BEAT_MS) {
    await delay(Math.min(left, BEAT_MS), undefined, signal === undefined ? {} : { signal });
    note("beat");
  }
}

function freeze(note: Note): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let left = FOREVER_MS; left > 0; left -= BEAT_MS) {
    Atomics.wait(cell, 0, 0, BEAT_MS);
    note("beat");
  }
}

type Note = (at: JournalLine["at"], more?: Partial<JournalLine>) => void;

/** One append of less than a page: lines of different processes do not mix. */
function notebook(run: string, task: string, attempt: number): Note {
  return (at, more = {}) => {
    const line: JournalLine = { at, run, task, attempt, ns: String(process.hrtime.bigint()), ...more };
    appendFileSync(journalPath(), `${JSON.stringify(line)}\n`);
  };
}

const journalPath = (): string => process.env["CHAOS_JOURNAL"] ?? "";

/** Says of which older attempts of this task instance the code may still be running. */
function noteOlder(run: string, task: string, attempt: number, note: Note): void {
  const open = new Map<number, JournalLine>();
  for (const text of readFileSync(journalPath(), "utf8").split("\n")) {
    if (!text.includes(run) || !text.endsWith("}")) continue;
    const line = JSON.parse(text) as JournalLine;
    if (line.run !== run || line.task !== task || line.attempt >= attempt) continue;
    if (line.at === "start") open.set(line.attempt, line);
    if (line.at === "end") open.delete(line.attempt);
  }
  for (const { attempt: older, pid = 0, born } of open.values()) {
    if (bornAt(pid) === born) note("beside", { text: `attempt ${older} in process ${pid}` });
  }
}

/** When the process started, in ticks since the machine did; undefined if it has ended. */
function bornAt(pid: number | "self"): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Numbers in [0, 1) that only the seed and the name decide. */
function diceOf(name: string): () => number {
  let count = 0;
  return () => {
    const digest = createHash("sha256")
      .update(`${process.env["CHAOS_SEED"] ?? ""}#${name}#${count++}`)
      .digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  };
}
