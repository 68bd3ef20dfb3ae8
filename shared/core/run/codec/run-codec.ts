/** The stored form of a run: a JSON head, and its task table packed. */
import { packDetails, unpackDetails, type DetailTables } from "./detail-codec.ts";
import { packExpansions, packHead, unpackExpansions, unpackHead } from "./head-codec.ts";
import { packedReader, packedWriter, type PackedReader, type PackedWriter } from "./packed.ts";
import { RUN_SCHEMA, type Run, type TaskDetail, type TaskTable } from "../../run.ts";
import { checkSchema } from "../../schema.ts";
import { TASK_STATES } from "../../states.ts";

export interface EncodedRun {
  /** JSON of everything but the task table, and the texts that the table points to. */
  readonly head: string;
  /**
   * Two task states a byte, or stretches of them; then, packed, the attempts as pairs of count and attempt, and the details in
   * the order of their states.
   */
  readonly tasks: Uint8Array;
}

type Head = Readonly<Record<string, unknown>> & {
  readonly schema: number;
  readonly runId: string;
  readonly slots: number;
  /** Stretches of equal states, where those are shorter than two states a byte. */
  readonly runs?: number;
  readonly tables?: DetailTables;
  readonly expansions?: ReturnType<typeof packExpansions>;
};

export function encodeRun(run: Run): EncodedRun {
  const { tasks, ...rest } = run;
  const writer = packedWriter();
  const runs = packStateRuns(tasks.states, writer);
  packAttempts(tasks.attempts, writer);
  const details = slotsByState(tasks.states).map((slot) => tasks.details[slot]);
  const tables = packDetails(details, run.queuedAt, writer);
  const slots = tasks.states.length;
  const { expansions } = tasks;
  const head = {
    ...packHead(rest),
    slots,
    ...(runs === 0 ? {} : { runs }),
    ...(isEmpty(tables) ? {} : { tables }),
    ...(expansions.length === 0 ? {} : { expansions: packExpansions(expansions) }),
  };
  return {
    head: JSON.stringify(head),
    tasks: runs === 0 ? joined(packStates(tasks.states), writer.bytes()) : writer.bytes(),
  };
}

/**
 * Throws RECORD_NEWER for a schema this code does not know, so that nothing is ever written over it; anything else that cannot
 * be read throws too.
 */
export function decodeRun({ head, tasks }: EncodedRun): Run {
  const { slots, runs = 0, tables = EMPTY, expansions = [], ...rest } = JSON.parse(head) as Head;
  checkSchema(`run '${rest.runId}'`, rest.schema, RUN_SCHEMA);
  const reader = packedReader(tasks, runs === 0 ? (slots + 1) >> 1 : 0);
  const states = runs === 0 ? unpackStates(tasks, slots) : unpackStateRuns(slots, runs, reader);
  const attempts = unpackAttempts(slots, reader);
  const run = unpackHead(rest);
  const packed = unpackDetails(tables, slots, run.queuedAt, reader);
  const details = Array.from<TaskDetail | undefined>({ length: slots });
  for (const [place, slot] of slotsByState(states).entries()) details[slot] = packed[place];
  return { ...run, tasks: { states, attempts, details, expansions: unpackExpansions(expansions) } };
}

/**
 * What is known of tasks goes with their states: of those that wait for the same, and end in any order, the rest stays one row
 * as it is packed.
 */
function slotsByState(states: TaskTable["states"]): readonly number[] {
  const slots: number[][] = TASK_STATES.map(() => []);
  for (const [slot, state] of states.entries()) (slots[state] ??= []).push(slot);
  return slots.flat();
}

const EMPTY: DetailTables = { texts: [], causes: [], targets: [], reasons: [], names: [] };
const isEmpty = (tables: DetailTables): boolean => Object.values(tables).every((table) => table.length === 0);

/** A stretch takes this many bytes at the most, where two states take one. */
const STRETCH_BYTES = 3;

/** The number of stretches of equal states that were written; 0: two states a byte are shorter, and nothing was. */
function packStateRuns(states: TaskTable["states"], writer: PackedWriter): number {
  const stretches: [count: number, state: number][] = [];
  for (const state of states) {
    const last = stretches.at(-1);
    if (last?.[1] === state) last[0] += 1;
    else stretches.push([1, state]);
    if (stretches.length * STRETCH_BYTES * 2 > states.length) return 0;
  }
  for (const [count, state] of stretches) {
    writer.count(count);
    writer.count(state);
  }
  return stretches.length;
}

function unpackStateRuns(slots: number, runs: number, reader: PackedReader): Uint8Array {
  const states = new Uint8Array(slots);
  let slot = 0;
  for (let left = runs; left > 0; left--) {
    const count = reader.count();
    if (slot + count > slots) throw new RangeError(`packed states reach to slot ${slot + count} of ${slots}`);
    states.fill(reader.count(), slot, slot + count);
    slot += count;
  }
  return states;
}

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
