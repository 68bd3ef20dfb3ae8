/**
 * The stored form of what is known of task instances beyond their states. Numbers are packed; texts are kept once each, beside
 * them. A run of thousands of tasks that all wait for their next try, each with a message of its own, still fits its record.
 */
import type { CloseReason } from "../../attempt.ts";
import type { PackedReader, PackedWriter } from "./packed.ts";
import type { Target, TaskDetail } from "../../run.ts";
import { shortened } from "../../text.ts";
import type { Instant } from "../../time.ts";

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
  const groups = groupsOf(details);
  writer.count(groups.length);
  const known = new Map<string, number>();
  for (const { shape, rows } of groups) {
    const name = shape.join();
    const place = known.get(name) ?? known.size;
    writer.count(place);
    if (place === known.size) {
      known.set(name, place);
      for (const part of shape) writer.count(part);
    }
    writer.count(rows.length);
    for (const detail of rows) packRow(detail, shape[2] - shape[3], last, tables, writer);
  }
  return {
    texts: fitted([...tables.texts.keys()]),
    causes: [...tables.causes.keys()].map((json) => JSON.parse(json) as object),
    targets: [...tables.targets.keys()].map((json) => JSON.parse(json) as Target),
    reasons: [...tables.reasons.keys()] as CloseReason[],
    names: [...tables.names.keys()],
  };
}

/** Slots without detail before the row; slots of it; which fields it has; which of them say the same as the row before. */
type Shape = readonly [gap: number, count: number, has: number, same: number];

interface Group {
  readonly shape: Shape;
  readonly rows: TaskDetail[];
}

const bitOf = Object.fromEntries(FIELDS.map((field, bit) => [field, 2 ** bit])) as Readonly<
  Record<(typeof FIELDS)[number], number>
>;

/** Rows of one shape, one after the other: instances that wait each for their own time differ in that alone. */
function groupsOf(details: Details): readonly Group[] {
  const groups: Group[] = [];
  let end = 0;
  let before: TaskDetail | undefined;
  for (const { first, count, detail } of rowsOf(details)) {
    const has = FIELDS.reduce((mask, field) => (detail[field] === undefined ? mask : mask + bitOf[field]), 0);
    const shape: Shape = [first - end, count, has, sameFields(detail, before, has)];
    end = first + count;
    before = detail;
    const last = groups.at(-1);
    if (last !== undefined && last.shape.every((part, index) => part === shape[index])) last.rows.push(detail);
    else groups.push({ shape, rows: [detail] });
  }
  return groups;
}

/** Two objects that say the same stay two: the first field of the second is written again. */
function sameFields(detail: TaskDetail, before: TaskDetail | undefined, has: number): number {
  if (before === undefined) return 0;
  if (detail === before) return has;
  const same = FIELDS.reduce(
    (mask, field) => (detail[field] !== undefined && isSame(detail[field], before[field]) ? mask + bitOf[field] : mask),
    0,
  );
  return same === has && (has & bitOf.since) !== 0 ? same - bitOf.since : same;
}

const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));

function packRow(
  detail: TaskDetail,
  fields: number,
  last: Record<string, number>,
  tables: Tables,
  writer: PackedWriter,
): void {
  const told: Partial<Record<string, unknown>> = {};
  for (const field of FIELDS) if ((fields & bitOf[field]) !== 0) told[field] = detail[field];
  const row = told as Partial<TaskDetail>;
  for (const field of TIMES) {
    const time = row[field];
    if (time === undefined) continue;
    writer.difference(time - (last[field] ?? 0));
    last[field] = time;
  }
  for (const field of COUNTS) if (row[field] !== undefined) writer.count(row[field]);
  packRest(row, tables, writer);
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

function packRest(
  { cause, target, reason, child, ...rest }: Partial<TaskDetail>,
  tables: Tables,
  writer: PackedWriter,
): void {
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
  const shapes: Shape[] = [];
  let detail: TaskDetail | undefined;
  for (let groups = reader.count(); groups > 0; groups--) {
    const place = reader.count();
    if (place === shapes.length) shapes.push([reader.count(), reader.count(), reader.count(), reader.count()]);
    const shape = shapes[place];
    if (shape === undefined) throw new RangeError(`packed details point to shape ${place} of ${shapes.length}`);
    const [gap, count, has, same] = shape;
    for (let rows = reader.count(); rows > 0; rows--) {
      pushTo(details.length + gap, undefined);
      if (has !== same || detail === undefined) detail = unpackRow(tables, last, { has, same, before: detail }, reader);
      pushTo(details.length + count, detail);
    }
  }
  pushTo(slots, undefined);
  return details;
}

function unpackRow(
  tables: DetailTables,
  last: Record<string, number>,
  row: { readonly has: number; readonly same: number; readonly before: TaskDetail | undefined },
  reader: PackedReader,
): TaskDetail {
  const told = row.has - row.same;
  const has = (field: (typeof FIELDS)[number]): boolean => (told & bitOf[field]) !== 0;
  const read: Record<string, unknown> = {};
  for (const field of TIMES) {
    if (!has(field)) continue;
    last[field] = (last[field] ?? 0) + reader.difference();
    read[field] = last[field];
  }
  for (const field of COUNTS) if (has(field)) read[field] = reader.count();
  if (has("cause")) read["cause"] = { ...entryOf(tables.causes, reader), text: entryOf(tables.texts, reader) };
  if (has("target")) read["target"] = entryOf(tables.targets, reader);
  if (has("reason")) read["reason"] = entryOf(tables.reasons, reader);
  for (const field of NAMES) {
    if (has(field)) read[field] = Array.from({ length: reader.count() }, () => entryOf(tables.names, reader));
  }
  if (has("child")) read["child"] = entryOf(tables.names, reader);
  for (const field of FIELDS) if ((row.same & bitOf[field]) !== 0) read[field] = row.before?.[field];
  return read as unknown as TaskDetail;
}

function entryOf<T>(table: readonly T[], reader: PackedReader): T {
  const place = reader.count();
  const found = table[place];
  if (found === undefined) throw new RangeError(`packed details point to entry ${place} of ${table.length}`);
  return found;
}
