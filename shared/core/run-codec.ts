/** The stored form of a run: a JSON head, and its task table packed. */
import { packDetails, unpackDetails, type DetailTables } from "./detail-codec.ts";
import { FreshetError } from "./errors.ts";
import { packedReader, packedWriter, type PackedReader, type PackedWriter } from "./packed.ts";
import { RUN_SCHEMA, type Run, type TaskTable } from "./run.ts";

export interface EncodedRun {
  /** JSON of everything but the task table, and the texts that the table points to. */
  readonly head: string;
  /** Two task states a byte; then, packed, the attempts as pairs of count and attempt, and the details. */
  readonly tasks: Uint8Array;
}

type Head = Omit<Run, "tasks"> & {
  readonly slots: number;
  readonly tables?: DetailTables;
  readonly expansions?: TaskTable["expansions"];
};

export function encodeRun(run: Run): EncodedRun {
  const { tasks, ...rest } = run;
  const writer = packedWriter();
  packAttempts(tasks.attempts, writer);
  const tables = packDetails(tasks.details, run.queuedAt, writer);
  const slots = tasks.states.length;
  const { expansions } = tasks;
  const head: Head = {
    ...rest,
    slots,
    ...(isEmpty(tables) ? {} : { tables }),
    ...(expansions.length === 0 ? {} : { expansions }),
  };
  return { head: JSON.stringify(head), tasks: joined(packStates(tasks.states), writer.bytes()) };
}

/**
 * Throws RECORD_NEWER for a schema this code does not know, so that nothing is ever written over it; anything else that cannot
 * be read throws too.
 */
export function decodeRun({ head, tasks }: EncodedRun): Run {
  const { slots, tables = EMPTY, expansions = [], ...rest } = JSON.parse(head) as Head;
  const schema: number = rest.schema;
  if (schema !== RUN_SCHEMA) {
    throw new FreshetError(
      "RECORD_NEWER",
      `run '${rest.runId}' has schema ${schema}; this Freshet knows schema ${RUN_SCHEMA}: upgrade it`,
    );
  }
  const reader = packedReader(tasks, (slots + 1) >> 1);
  const states = unpackStates(tasks, slots);
  const attempts = unpackAttempts(slots, reader);
  const details = unpackDetails(tables, slots, rest.queuedAt, reader);
  return { ...rest, tasks: { states, attempts, details, expansions } };
}

const EMPTY: DetailTables = { texts: [], causes: [], targets: [], reasons: [], names: [] };
const isEmpty = (tables: DetailTables): boolean => Object.values(tables).every((table) => table.length === 0);

function packStates(states: TaskTable["states"]): Uint8Array {
  const bytes = new Uint8Array((states.length + 1) >> 1);
  for (let slot = 0; slot < states.length; slot += 2) {
    bytes[slot >> 1] = (states[slot] ?? 0) | ((states[slot + 1] ?? 0) << 4);
  }
  return bytes;
}

function unpackStates(bytes: Uint8Array, slots: number): Uint8Array {
  const states = new Uint8Array(slots);
  for (let slot = 0; slot < slots; slot++) states[slot] = ((bytes[slot >> 1] ?? 0) >> ((slot & 1) * 4)) & 15;
  return states;
}

function packAttempts(attempts: TaskTable["attempts"], writer: PackedWriter): void {
  for (let slot = 0; slot < attempts.length;) {
    const attempt = attempts[slot] ?? 0;
    const first = slot;
    while (slot < attempts.length && attempts[slot] === attempt) slot += 1;
    writer.count(slot - first);
    writer.count(attempt);
  }
}

function unpackAttempts(slots: number, reader: PackedReader): Uint16Array {
  const attempts = new Uint16Array(slots);
  for (let slot = 0; slot < slots;) {
    const count = reader.count();
    if (count === 0 || slot + count > slots) throw new RangeError(`packed attempts do not fit ${slots} slots`);
    attempts.fill(reader.count(), slot, slot + count);
    slot += count;
  }
  return attempts;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
