import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aFolder } from "../../../test/builders/index.ts";
import { type WriteLock, createWriteLock } from "./write-lock.ts";

let folder: Awaited<ReturnType<typeof aFolder>>;
let path: string;
let lock: WriteLock;

beforeEach(async () => {
  folder = await aFolder();
  path = join(folder.path, "lock.db");
  lock = createWriteLock(path, { triesMax: 3 });
});
afterEach(async () => {
  lock.close();
  await folder.remove();
});

test("gives what the work gave, and is free again after it", async () => {
  expect([await lock.hold(() => 1), await lock.hold(() => 2)]).toEqual([1, 2]);
});

test("is free again after work that threw", async () => {
  await expect(
    lock.hold(() => {
      throw new RangeError("no");
    }),
  ).rejects.toThrow("no");

  expect(await lock.hold(() => "next")).toBe("next");
});

test("is given up after a bounded number of tries while somebody else holds it", async () => {
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");

  await expect(lock.hold(() => "in")).rejects.toMatchObject({ code: "CONTENTION", retryable: true });
  other.close();
});

test("waits for another that holds it", async () => {
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const patient = createWriteLock(path);
  const held = patient.hold(() => "in");
  other.exec("ROLLBACK");
  other.close();

  expect(await held).toBe("in");
  patient.close();
});

test("is free once a process that held it was killed", async () => {
  const module = JSON.stringify(new URL("write-lock.ts", import.meta.url).href);
  const script = `
    import { createWriteLock } from ${module};
    await createWriteLock(process.argv[1]).hold(() => {
      process._rawDebug("held");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  for await (const chunk of child.stderr) if (String(chunk).includes("held")) break;
  await expect(lock.hold(() => "in")).rejects.toMatchObject({ code: "CONTENTION" });

  child.kill("SIGKILL");
  await once(child, "exit");

  expect(await lock.hold(() => "in")).toBe("in");
});
