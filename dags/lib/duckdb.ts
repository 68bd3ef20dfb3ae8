/** DuckDB for the work of one task: in memory, one connection, gone when the work is done. */

/** What `$name` stands for in a statement. What comes from outside reaches SQL this way and never in its text. */
export type Values = Readonly<Record<string, string | number | readonly string[]>>;
export type Row = Readonly<Record<string, string | number | boolean | null>>;

export interface DuckDB {
  run(sql: string, values?: Values): Promise<void>;
  /** The rows of a query; `Columns` is what its `select` says. A date must be cast to text. */
  rows<Columns extends Row>(sql: string, values?: Values): Promise<readonly Columns[]>;
}

/** Opens a database for `work` and closes it afterwards. A query that runs when `signal` aborts is given up. */
export async function withDuckDB<Result>(
  signal: AbortSignal,
  work: (duckdb: DuckDB) => Promise<Result>,
): Promise<Result> {
  // Not imported above: whoever only asks what tasks there are need not load a database for it.
  const { DuckDBInstance, listValue } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1", // More of them would leave the order of rows, and so the bytes of a file, to chance.
    autoinstall_known_extensions: "false", // A task downloads no code.
  });
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener("abort", interrupt);

  const query = async (sql: string, values: Values = {}) => {
    signal.throwIfAborted();
    const bound = Object.entries(values).map(
      ([name, value]) => [name, typeof value === "object" ? listValue(value) : value] as const,
    );
    return connection.runAndReadAll(sql, Object.fromEntries(bound));
  };
  try {
    return await work({
      run: async (sql, values) => void (await query(sql, values)),
      rows: async <Columns extends Row>(sql: string, values?: Values) =>
        (await query(sql, values)).getRowObjectsJS().map((row) => plain(row) as Columns),
    });
  } finally {
    signal.removeEventListener("abort", interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}

/** With 64-bit integers as numbers, so that the output of a task can be made of them. */
function plain(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, exact(name, value)]));
}

function exact(name: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`${name} is ${value}, more than a number can hold exactly: cast it to text`);
}
