/** The stored form of a run: a JSON head, and its task states packed. */
import { FreshetError } from "./errors.ts";
import { RUN_SCHEMA, type Run, type TaskDetail, type TaskTable } from "./run.ts";

export interface EncodedRun {
  /** JSON of everything but the task table's states and attempts. */
  readonly head: string;
  /** Two task states a byte, then the attempts as (count, attempt) pairs of varints. */
  readonly tasks: Uint8Array;
}

/** Neighbouring slots with the same detail share one entry. */
type DetailRow = readonly [firstSlot: number, count: number, detail: TaskDetail];
type Head = Omit<Run, "tasks"> & { readonly slots: number; readonly details: readonly DetailRow[] };

export function encodeRun(run: Run): EncodedRun {
  const { tasks, ...rest } = run;
  const head: Head = { ...rest, slots: tasks.states.length, details: detailRows(tasks.details) };
  return { head: JSON.stringify(head), tasks: packTasks(tasks) };
}

/** Throws RECORD_NEWER for a schema this code does not know, so that nothing is ever written over it. */
export function decodeRun({ head, tasks }: EncodedRun): Run {
  const { slots, details, ...rest } = JSON.parse(head) as Head;
  const schema: number = rest.schema;
  if (schema !== RUN_SCHEMA) {
    throw new FreshetError(
      "RECORD_NEWER",
      `run '${rest.runId}' has schema ${schema}; this Freshet knows schema ${RUN_SCHEMA}: upgrade it`,
    );
  }
  return { ...rest, tasks: { ...unpackTasks(tasks, slots), details: detailsOf(details, slots) } };
}

function detailRows(details: TaskTable["details"]): DetailRow[] {
  const rows: [number, number, TaskDetail][] = [];
  for (const [slot, detail] of details.entries()) {
    if (detail === undefined) continue;
    const last = rows.at(-1);
    // Slots that one decision moved share the object itself; a comparison of contents would cost more than it saves.
    if (last !== undefined && last[0] + last[1] === slot && last[2] === detail) last[1] += 1;
    else rows.push([slot, 1, detail]);
  }
  return rows;
}

function detailsOf(rows: readonly DetailRow[], slots: number): (TaskDetail | undefined)[] {
  const details = Array.from<TaskDetail | undefined>({ length: slots });
  for (const [first, count, detail] of rows) details.fill(detail, first, first + count);
  return details;
}

function packTasks({ states, attempts }: TaskTable): Uint8Array {
  const packedStates = (states.length + 1) >> 1;
  const bytes = new Uint8Array(packedStates + states.length * 6);
  for (let slot = 0; slot < states.length; slot += 2) {
    bytes[slot >> 1] = (states[slot] ?? 0) | ((states[slot + 1] ?? 0) << 4);
  }
  let end = packedStates;
  for (let slot = 0; slot < attempts.length;) {
    const attempt = attempts[slot] ?? 0;
    const first = slot;
    while (slot < attempts.length && attempts[slot] === attempt) slot += 1;
    end = writeVarint(bytes, end, slot - first);
    end = writeVarint(bytes, end, attempt);
  }
  return bytes.slice(0, end);
}

function unpackTasks(bytes: Uint8Array, slots: number): Omit<TaskTable, "details"> {
  const states = new Uint8Array(slots);
  for (let slot = 0; slot < slots; slot++) states[slot] = ((bytes[slot >> 1] ?? 0) >> ((slot & 1) * 4)) & 15;
  const attempts = new Uint16Array(slots);
  let at = (slots + 1) >> 1;
  for (let slot = 0; slot < slots && at < bytes.length;) {
    const count = readVarint(bytes, at);
    const attempt = readVarint(bytes, count.end);
    attempts.fill(attempt.value, slot, slot + count.value);
    slot += count.value;
    at = attempt.end;
  }
  return { states, attempts };
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest > 127) {
    bytes[end++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}

function readVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let shift = 0;
  let end = at;
  for (;;) {
    const byte = bytes[end++] ?? 0;
    value |= (byte & 127) << shift;
    if (byte < 128) return { value, end };
    shift += 7;
  }
}
