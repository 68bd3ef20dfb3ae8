/**
 * The stored form of what is known of task instances beyond their states. Numbers are packed; texts are kept once each, beside
 * them. A run of thousands of tasks that all wait for their next try, each with a message of its own, still fits its record.
 */
import type { CloseReason } from "./attempt.ts";
import type { PackedReader, PackedWriter } from "./packed.ts";
import type { Target, TaskDetail } from "./run.ts";
import { shortened } from "./text.ts";
import type { Instant } from "./time.ts";

/** Letters of all different causes together; beyond it each is shortened, since the attempt keeps the whole message. */
export const CAUSE_TEXTS_LENGTH_MAX = 60_000;

/** What the packed rows point into. */
export interface DetailTables {
  readonly texts: readonly string[];
  /** Causes without their texts. */
  readonly causes: readonly object[];
  readonly targets: readonly Target[];
  readonly reasons: readonly CloseReason[];
  readonly names: readonly string[];
}

/** In this order for ever, and new ones at the end: a row says which it has in as many bits. */
const TIMES = ["since", "due", "queuedAt", "firstFailureAt", "lease"] as const;
const COUNTS = ["sends", "losses", "triesBefore", "length", "taken"] as const;
const NAMES = ["chosen", "unmappable"] as const;
const REST = ["cause", "target", "reason", ...NAMES, "child"] as const;
const FIELDS = [...TIMES, ...COUNTS, ...REST];

/** Instead of its fields: the row says the same as the one before. A row of its own has at least one field. */
const AS_BEFORE = 0;

type Details = readonly (TaskDetail | undefined)[];

/** Neighbouring slots with the same detail are one row. */
function* rowsOf(
  details: Details,
): Generator<{ readonly first: number; readonly count: number; readonly detail: TaskDetail }> {
  for (let slot = 0; slot < details.length;) {
    const first = slot;
    const detail = details[slot];
    // Slots that one decision moved share the object itself; a comparison of contents would cost more than it saves.
    while (slot < details.length && details[slot] === detail) slot += 1;
    if (detail !== undefined) yield { first, count: slot - first, detail };
  }
}

/** `origin`: the times in the details lie near it. */
export function packDetails(details: Details, origin: Instant, writer: PackedWriter): DetailTables {
  const tables = emptyTables();
  const last: Record<(typeof TIMES)[number], number> = originTimes(origin);
  const rows = [...rowsOf(details)];
  writer.count(rows.length);
  let end = 0;
  let before: TaskDetail | undefined;
  for (const { first, count, detail } of rows) {
    writer.count(first - end);
    writer.count(count);
    end = first + count;
    if (detail === before) {
      writer.count(AS_BEFORE);
      continue;
    }
    before = detail;
    writer.count(FIELDS.reduce((mask, field, bit) => (detail[field] === undefined ? mask : mask + 2 ** bit), 0));
    for (const field of TIMES) {
      const time = detail[field];
      if (time === undefined) continue;
      writer.difference(time - last[field]);
      last[field] = time;
    }
    for (const field of COUNTS) if (detail[field] !== undefined) writer.count(detail[field]);
    packRest(detail, tables, writer);
  }
  return {
    texts: fitted([...tables.texts.keys()]),
    causes: [...tables.causes.keys()].map((json) => JSON.parse(json) as object),
    targets: [...tables.targets.keys()].map((json) => JSON.parse(json) as Target),
    reasons: [...tables.reasons.keys()] as CloseReason[],
    names: [...tables.names.keys()],
  };
}

type Tables = { readonly [Name in keyof DetailTables]: Map<string, number> };

const emptyTables = (): Tables => ({
  texts: new Map(),
  causes: new Map(),
  targets: new Map(),
  reasons: new Map(),
  names: new Map(),
});

const originTimes = (origin: Instant): Record<(typeof TIMES)[number], number> => ({
  since: origin,
  due: origin,
  queuedAt: origin,
  firstFailureAt: origin,
  lease: origin,
});

function packRest({ cause, target, reason, child, ...rest }: TaskDetail, tables: Tables, writer: PackedWriter): void {
  if (cause !== undefined) {
    const { text, ...kind } = cause;
    writer.count(placeOf(tables.causes, JSON.stringify(kind)));
    writer.count(placeOf(tables.texts, text));
  }
  if (target !== undefined) writer.count(placeOf(tables.targets, JSON.stringify(target)));
  if (reason !== undefined) writer.count(placeOf(tables.reasons, reason));
  for (const field of NAMES) {
    const names = rest[field];
    if (names === undefined) continue;
    writer.count(names.length);
    for (const name of names) writer.count(placeOf(tables.names, name));
  }
  if (child !== undefined) writer.count(placeOf(tables.names, child));
}

function placeOf(table: Map<string, number>, entry: string): number {
  let place = table.get(entry);
  if (place === undefined) table.set(entry, (place = table.size));
  return place;
}

/** The texts, each within its share of the room for all. */
function fitted(texts: readonly string[]): readonly string[] {
  let total = 0;
  for (const text of texts) total += text.length;
  if (total <= CAUSE_TEXTS_LENGTH_MAX) return texts;
  return texts.map((text) => shortened(text, Math.floor(CAUSE_TEXTS_LENGTH_MAX / texts.length)));
}

/** The details of `slots` slots. Throws RangeError on rows that point outside of them, or of the tables. */
export function unpackDetails(
  tables: DetailTables,
  slots: number,
  origin: Instant,
  reader: PackedReader,
): (TaskDetail | undefined)[] {
  // Pushed one by one: `Array.from` and short fills take many times as long, with every decision on a wide run.
  const details: (TaskDetail | undefined)[] = [];
  const pushTo = (end: number, detail: TaskDetail | undefined): void => {
    if (end > slots) throw new RangeError(`packed details reach to slot ${end} of ${slots}`);
    while (details.length < end) details.push(detail);
  };
  const last = originTimes(origin);
  let detail: TaskDetail | undefined;
  for (let rows = reader.count(); rows > 0; rows--) {
    pushTo(details.length + reader.count(), undefined);
    const end = details.length + reader.count();
    const mask = reader.count();
    if (mask !== AS_BEFORE) detail = unpackRow(tables, last, mask, reader);
    pushTo(end, detail);
  }
  pushTo(slots, undefined);
  return details;
}

function unpackRow(tables: DetailTables, last: Record<string, number>, mask: number, reader: PackedReader): TaskDetail {
  const has = (field: (typeof FIELDS)[number]): boolean => (mask & (1 << FIELDS.indexOf(field))) !== 0;
  const row: Record<string, unknown> = {};
  for (const field of TIMES) {
    if (!has(field)) continue;
    last[field] = (last[field] ?? 0) + reader.difference();
    row[field] = last[field];
  }
  for (const field of COUNTS) if (has(field)) row[field] = reader.count();
  if (has("cause")) row["cause"] = { ...entryOf(tables.causes, reader), text: entryOf(tables.texts, reader) };
  if (has("target")) row["target"] = entryOf(tables.targets, reader);
  if (has("reason")) row["reason"] = entryOf(tables.reasons, reader);
  for (const field of NAMES) {
    if (has(field)) row[field] = Array.from({ length: reader.count() }, () => entryOf(tables.names, reader));
  }
  if (has("child")) row["child"] = entryOf(tables.names, reader);
  return row as unknown as TaskDetail;
}

function entryOf<T>(table: readonly T[], reader: PackedReader): T {
  const place = reader.count();
  const found = table[place];
  if (found === undefined) throw new RangeError(`packed details point to entry ${place} of ${table.length}`);
  return found;
}
