/**
 * What test files get as "vitest" while mutants are tried: the same words, collected in this process instead of a worker for
 * each file, because loading is most of what a mutant costs. The matchers are vitest's own.
 */
import { format } from "node:util";

export { expect } from "vitest";

export interface CollectedTest {
  readonly name: string;
  readonly run: () => Promise<void>;
}

type Body = (...args: never[]) => unknown;
type Rows = readonly unknown[];

let collected: CollectedTest[] = [];
let path: readonly string[] = [];
let after: (() => unknown)[] = [];
let names = new Map<string, number>();

/** Loads a test file, and gives its tests. */
export async function collect(load: () => Promise<unknown>): Promise<readonly CollectedTest[]> {
  [collected, path, after, names] = [[], [], [], new Map()];
  await load();
  return collected;
}

export const describe = Object.assign(group, {
  each: (rows: Rows) => (name: string, body: Body) => eachRow(rows, name, spread(body), group),
  for: (rows: Rows) => (name: string, body: Body) => eachRow(rows, name, body, group),
});

export const test = Object.assign(add, {
  each: (rows: Rows) => (name: string, body: Body) => eachRow(rows, name, spread(body), add),
  for: (rows: Rows) => (name: string, body: Body) => eachRow(rows, name, body, add),
});

export const afterEach = (body: () => unknown): void => void after.push(body);

/** Modules are not replaced here: a test that watches through one sees less, and notices no more than it would. */
export const vi = { hoisted: <T>(make: () => T): T => make(), mock: (): void => undefined };

function group(name: string, body: () => unknown): void {
  const outer = path;
  path = [...outer, name];
  body();
  path = outer;
}

/** Tests of the same name are told apart by their order. */
function add(name: string, body: () => unknown): void {
  const text = [...path, name].join(" > ");
  const nth = (names.get(text) ?? 0) + 1;
  names.set(text, nth);
  const hooks = after;
  const run = async (): Promise<void> => {
    try {
      await body();
    } finally {
      for (const hook of hooks) await hook();
    }
  };
  collected.push({ name: nth === 1 ? text : `${text} (${nth})`, run });
}

/** `each` gives the parts of a row, `for` the row itself. */
const partsOf = (row: unknown): Rows => (Array.isArray(row) ? (row as Rows) : [row]);
const spread =
  (body: Body): Body =>
  (...[row]) =>
    body(...(partsOf(row) as never[]));

function eachRow(rows: Rows, name: string, body: Body, declare: (name: string, body: () => unknown) => void): void {
  const used = name.match(/%[a-z]/g)?.length ?? 0;
  for (const row of rows) declare(format(name, ...partsOf(row).slice(0, used)), () => body(row as never));
}
