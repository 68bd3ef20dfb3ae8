/** An index that follows its table a while later, as a global secondary index does. */
import type { Weather } from "./faults.ts";
import type { Kernel } from "./kernel.ts";
import type { Random } from "./random.ts";

export interface LaggingIndex<Id, Value> {
  set(id: Id, value: Value | undefined): void;
  /** What it shows now, in the order in which the ids first came. */
  shown(): Iterable<readonly [Id, Value]>;
  /** The least of what it shows, or is about to show. */
  least(of: (value: Value) => number): number;
  /** It shows everything soon. */
  catchUp(): void;
}

interface Row<Value> {
  value: Value | undefined;
  /** Oldest first. */
  readonly coming: { readonly at: number; readonly value: Value | undefined }[];
}

const LAG_MS_MAX = 900_000;

export function createLaggingIndex<Id, Value>(
  kernel: Kernel,
  faults: Weather,
  random: Random,
): LaggingIndex<Id, Value> {
  const rows = new Map<Id, Row<Value>>();
  const settle = (row: Row<Value>): void => {
    while (row.coming.length > 0 && (row.coming[0]?.at ?? 0) <= kernel.now()) row.value = row.coming.shift()?.value;
  };
  return {
    set(id, value) {
      let row = rows.get(id);
      if (row === undefined) rows.set(id, (row = { value: undefined, coming: [] }));
      settle(row);
      const latest = row.coming.at(-1);
      if ((latest === undefined ? row.value : latest.value) === value) return;
      const lagMs = faults.strikes("db:stale_index")
        ? random.skewed(100, LAG_MS_MAX)
        : random.next() * faults.pace.indexLagMsMax;
      row.coming.push({ at: Math.max(kernel.now() + lagMs, latest?.at ?? 0), value });
    },
    *shown() {
      for (const [id, row] of rows) {
        settle(row);
        if (row.value !== undefined) yield [id, row.value];
        else if (row.coming.length === 0) rows.delete(id);
      }
    },
    least(of) {
      let least = Infinity;
      for (const row of rows.values()) {
        if (row.value !== undefined) least = Math.min(least, of(row.value));
        for (const { value } of row.coming) if (value !== undefined) least = Math.min(least, of(value));
      }
      return least;
    },
    catchUp() {
      for (const row of rows.values()) {
        for (const [index, change] of row.coming.entries()) {
          row.coming[index] = { ...change, at: Math.min(change.at, kernel.now() + faults.pace.indexLagMsMax) };
        }
      }
    },
  };
}
