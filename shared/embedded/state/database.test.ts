import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aFolder, aRun } from "../../../test/builders/index.ts";
import { commitId } from "../../core/ids.ts";
import { STATE_SCHEMA } from "./database-schema.ts";
import { type Database, openDatabase } from "./database.ts";
import { createRunStore } from "./run-store.ts";
import { createWriter } from "./writer.ts";

let folder: Awaited<ReturnType<typeof aFolder>>;
let path: string;
const opened: Database[] = [];

beforeEach(async () => {
  folder = await aFolder();
  path = join(folder.path, "state.db");
});
afterEach(async () => {
  for (const database of opened.splice(0)) database.close();
  await folder.remove();
});

function open(at = path): Database {
  const database = openDatabase(at);
  opened.push(database);
  return database;
}

const pragma = (name: string, database = open()): unknown =>
  Object.values(database.statement(`PRAGMA ${name}`).get() ?? {})[0];

/** Permissions bind everybody but root: as root the work is done as nobody. */
function asOrdinaryUser<T>(work: () => T): T {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}

describe("opening the state file", () => {
  test("makes it, and the folders around it", () => {
    const database = open(join(folder.path, "new", "home", "state.db"));

    expect(pragma("user_version", database)).toBe(STATE_SCHEMA);
  });

  test("keeps what is in it", async () => {
    const first = open();
    await createRunStore(first, createWriter(first)).create(aRun(), commitId("c1"));
    first.close();

    const second = open();

    expect(await createRunStore(second, createWriter(second)).load(aRun().runId)).toEqual({
      value: aRun(),
      version: 1,
    });
  });

  test("writes through a log that is synced with every commit", () => {
    expect([pragma("journal_mode"), pragma("synchronous")]).toEqual(["wal", 2]);
  });

  test("works for two at once", () => {
    const [a, b] = [open(), open()];
    const before = b.dataVersion();

    a.statement("INSERT INTO dag_versions VALUES ('v', 'b', '{}')").run();

    expect(b.dataVersion()).not.toBe(before);
    expect(b.read((db) => db.statement("SELECT bundle FROM dag_versions").get()?.["bundle"])).toBe("b");
  });

  test("by several processes that make it at the same moment succeeds in all of them", async () => {
    const module = new URL("database.ts", import.meta.url).href;
    const script = `import { openDatabase } from ${JSON.stringify(module)}; openDatabase(process.argv[1]).close();`;
    const run = promisify(execFile);
    const node = (): Promise<unknown> => run(process.execPath, ["--input-type=module", "-e", script, path]);

    await expect(Promise.all([node(), node(), node(), node()])).resolves.toHaveLength(4);
  });

  test("closing twice is closing once", () => {
    const database = openDatabase(path);
    database.close();

    expect(() => database.close()).not.toThrow();
  });
});

describe("opening what cannot be used", () => {
  test("a file of a newer Freshet is refused, and left as it is", () => {
    const newer = new DatabaseSync(path);
    open().close();
    newer.exec(`PRAGMA user_version = ${STATE_SCHEMA + 1}`);
    newer.close();

    expect(() => open()).toThrow(
      expect.objectContaining({
        code: "STATE_NEWER",
        message: expect.stringMatching(`${path}.*schema ${STATE_SCHEMA + 1}.*upgrade`),
      }),
    );
  });

  test("a file that is no database is refused, and left as it is", async () => {
    await writeFile(path, "these are my notes, and not a database at all\n".repeat(100));

    expect(() => open()).toThrow(
      expect.objectContaining({ code: "STATE_DAMAGED", message: expect.stringContaining(path) }),
    );
    expect(await readFile(path, "utf8")).toContain("my notes");
  });

  test("another program's database is refused, and left as it is", () => {
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE theirs (a)");
    other.close();

    expect(() => open()).toThrow(
      expect.objectContaining({ code: "STATE_DAMAGED", message: expect.stringMatching(/not one of Freshet's/) }),
    );
    const again = new DatabaseSync(path);
    expect(again.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "delete" });
    again.close();
  });

  test("a file with damaged pages is reported where they are met, reading and writing", async () => {
    const database = open();
    const runs = createRunStore(database, createWriter(database));
    for (let n = 0; n < 50; n++) {
      await runs.create(aRun({ runId: `orders.r${n}` as never, params: { text: "x".repeat(2_000) } }), commitId("c"));
    }
    database.close();
    const bytes = await readFile(path);
    bytes.fill(0xff, 8_192);
    await writeFile(path, bytes);
    const damaged = open();
    const store = createRunStore(damaged, createWriter(damaged));

    await expect(store.list({ limit: 100 })).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    await expect(store.create(aRun(), commitId("c"))).rejects.toMatchObject({
      code: "STATE_DAMAGED",
      message: expect.stringMatching(/move it away/) as string,
    });
  });

  test("a file that this user cannot write is refused", async () => {
    open().close();
    await chmod(folder.path, 0o777);
    await chmod(path, 0o444);

    expect(() => asOrdinaryUser(() => open())).toThrow(
      expect.objectContaining({ code: "STATE_READ_ONLY", message: expect.stringContaining(path) }),
    );
  });

  test("a folder that this user cannot write is refused", async () => {
    const closed = join(folder.path, "closed");
    await mkdir(closed);
    await chmod(folder.path, 0o755);
    await chmod(closed, 0o555);

    expect(() => asOrdinaryUser(() => open(join(closed, "state.db")))).toThrow(
      expect.objectContaining({ code: "HOME_UNUSABLE", message: expect.stringContaining(closed) }),
    );
  });

  test("a home that is a file is refused", async () => {
    await writeFile(join(folder.path, "home"), "");

    expect(() => open(join(folder.path, "home", "state.db"))).toThrow(
      expect.objectContaining({ code: "HOME_UNUSABLE", message: expect.stringContaining("FRESHET_HOME") }),
    );
  });

  test("a state file that is a folder is refused", async () => {
    await mkdir(path);

    expect(() => open()).toThrow(expect.objectContaining({ code: "HOME_UNUSABLE" }));
  });
});
