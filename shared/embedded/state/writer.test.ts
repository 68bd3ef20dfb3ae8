import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aFolder } from "../../../test/builders/index.ts";
import { type Database, openDatabase } from "./database.ts";
import { WRITE_GROUP_MAX, type Writer, createWriter } from "./writer.ts";

let folder: Awaited<ReturnType<typeof aFolder>>;
let path: string;
let database: Database;
let writer: Writer;
/** Texts of the statements run, as far as they begin or end a transaction. */
let transactions: string[];

beforeEach(async () => {
  folder = await aFolder();
  path = join(folder.path, "state.db");
  const real = openDatabase(path);
  transactions = [];
  database = {
    ...real,
    statement: (sql) => {
      if (/^(BEGIN|COMMIT|ROLLBACK)/.test(sql)) transactions.push(sql.slice(0, 8).trim());
      return real.statement(sql);
    },
  };
  writer = createWriter(database);
});
afterEach(async () => {
  database.close();
  await folder.remove();
});

const put =
  (name: string, body = "b") =>
  (db: Database): string => {
    db.statement("INSERT INTO dag_versions (version, bundle, manifest) VALUES (?, ?, '{}')").run(name, body);
    return name;
  };
const names = (): string[] =>
  database
    .statement("SELECT version FROM dag_versions ORDER BY rowid")
    .all()
    .map((row) => String(row["version"]));

/** Holds the file as another process would. */
function holdFile(): { release(): void } {
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  return {
    release: () => {
      other.exec("COMMIT");
      other.close();
    },
  };
}

describe("the writer", () => {
  test("commits together what was given in one turn, in order", async () => {
    const answers = await Promise.all([writer.write(put("a")), writer.write(put("b")), writer.write(put("c"))]);

    expect(answers).toEqual(["a", "b", "c"]);
    expect(names()).toEqual(["a", "b", "c"]);
    expect(transactions).toEqual(["BEGIN IM", "COMMIT"]);
  });

  test("resolves once others can see what was written", async () => {
    const other = new DatabaseSync(path);
    const seen: unknown[] = [];

    await writer.write(put("a"));
    seen.push(other.prepare("SELECT count(*) AS n FROM dag_versions").get()?.["n"]);
    other.close();

    expect(seen).toEqual([1]);
  });

  test("shows an operation what those before it wrote", async () => {
    const [, count] = await Promise.all([
      writer.write(put("a")),
      writer.write((db) => db.statement("SELECT count(*) AS n FROM dag_versions").get()?.["n"]),
    ]);

    expect(count).toBe(1);
  });

  test("takes back an operation that throws, all of it and nothing else", async () => {
    const answers = await Promise.allSettled([
      writer.write(put("a")),
      writer.write((db) => {
        put("half")(db);
        throw new RangeError("no");
      }),
      writer.write(put("b")),
    ]);

    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(answers[1]).toMatchObject({ reason: { name: "RangeError", message: "no" } });
    expect(names()).toEqual(["a", "b"]);
  });

  test("takes back an operation that violates a constraint, and nothing else", async () => {
    await writer.write(put("a"));

    const answers = await Promise.allSettled([writer.write(put("b")), writer.write(put("a")), writer.write(put("c"))]);

    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(names()).toEqual(["a", "b", "c"]);
  });

  test("puts no more than a bounded number into one transaction, and the rest into the next", async () => {
    await Promise.all(Array.from({ length: WRITE_GROUP_MAX + 1 }, (_, n) => writer.write(put(`v${n}`))));

    expect(names()).toHaveLength(WRITE_GROUP_MAX + 1);
    expect(transactions.filter((sql) => sql === "COMMIT")).toHaveLength(2);
  });

  test("takes what is given while an answer is handled into a transaction of its own", async () => {
    await writer.write(put("a")).then(() => writer.write(put("b")));

    expect(transactions).toEqual(["BEGIN IM", "COMMIT", "BEGIN IM", "COMMIT"]);
  });

  test("is drained once everything given before is on disk", async () => {
    void writer.write(put("a"));
    void writer.write(put("b"));

    await writer.drained();

    expect(names()).toEqual(["a", "b"]);
  });
});

describe("the writer beside another process", () => {
  test("waits until that has committed, and keeps the order", async () => {
    const held = holdFile();
    const expected = Array.from({ length: WRITE_GROUP_MAX + 1 }, (_, n) => `v${n}`);
    const answers = Promise.all(expected.map((name) => writer.write(put(name))));
    setTimeout(() => held.release(), 50);

    await answers;

    expect(names()).toEqual(expected);
  });

  test("gives up after a bounded number of tries, and writes again once it can", async () => {
    const impatient = createWriter(database, { busyTriesMax: 2 });
    const held = holdFile();

    await expect(Promise.allSettled([impatient.write(put("a")), impatient.write(put("b"))])).resolves.toMatchObject([
      { reason: { code: "UNAVAILABLE", retryable: true } },
      { reason: { code: "UNAVAILABLE" } },
    ]);
    held.release();

    await impatient.write(put("c"));
    expect(names()).toEqual(["c"]);
  });
});

describe("the writer on a disk that is full", () => {
  test("refuses everything of the transaction, keeps what was there, and goes on once there is room", async () => {
    await writer.write(put("before"));
    const pages = Number(database.statement("PRAGMA page_count").get()?.["page_count"]);
    database.statement(`PRAGMA max_page_count = ${pages + 2}`).get();

    const answers = await Promise.allSettled([
      writer.write(put("small")),
      writer.write(put("big", "x".repeat(100_000))),
    ]);

    expect(answers).toMatchObject([{ reason: { code: "DISK_FULL" } }, { reason: { code: "DISK_FULL" } }]);
    expect(names()).toEqual(["before"]);
    database.statement("PRAGMA max_page_count = 1000000").get();
    await writer.write(put("after"));
    expect(names()).toEqual(["before", "after"]);
  });
});

describe("the writer of a process that is killed", () => {
  test("has on disk everything that it had answered", async () => {
    const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
    const script = `
      import { openDatabase } from ${module("database.ts")};
      import { createWriter } from ${module("writer.ts")};
      const writer = createWriter(openDatabase(process.argv[1]));
      for (let n = 0; ; n++) {
        await writer.write((db) => db.statement("INSERT INTO dag_versions VALUES (?, '', '{}')").run("v" + n));
        process.stdout.write("v" + n + "\\n");
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let answered = "";
    for await (const chunk of child.stdout) {
      answered += String(chunk);
      if (answered.split("\n").length > 100) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");

    const kept = new Set(names());
    const told = answered.split("\n").slice(0, -1);
    expect(told.length).toBeGreaterThan(99);
    expect(told.filter((name) => !kept.has(name))).toEqual([]);
  });
});
