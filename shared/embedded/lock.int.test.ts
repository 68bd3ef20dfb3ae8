import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOON } from "../../test/builders/index.ts";
import { acquireLock, isHeld } from "./lock.ts";

let home: string;
const started: ChildProcess[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "freshet-lock-"));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map(kill));
  await rm(home, { recursive: true, force: true });
});

/** A process that has taken the lock and keeps it, and a process of its own that outlives it. */
async function aHolder(): Promise<ChildProcess> {
  const script = `
    import { spawn } from "node:child_process";
    import { acquireLock } from ${JSON.stringify(fileURLToPath(new URL("lock.ts", import.meta.url)))};
    acquireLock(${JSON.stringify(home)}, ${NOON});
    spawn("sleep", ["2"], { stdio: "ignore", detached: true });
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  await new Promise((locked) => child.stdout.once("data", locked));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

test("a second scheduler is refused and told who runs, since when, and what to do", async () => {
  const holder = await aHolder();

  expect(() => acquireLock(home, NOON)).toThrow(
    expect.objectContaining({
      code: "HOME_LOCKED",
      message: `Freshet is already running on ${home}: process ${holder.pid}, since ${new Date(NOON).toISOString().replace(".000Z", "Z")}; stop that one first, or set FRESHET_HOME to another folder`,
    }),
  );
});

test("the lock of a killed scheduler is free, whatever it had started", async () => {
  await kill(await aHolder());

  expect(() => acquireLock(home, NOON).release()).not.toThrow();
});

test("a process cannot take the lock twice either, and can once it is released", () => {
  const lock = acquireLock(home, NOON);
  expect(() => acquireLock(home, NOON)).toThrow(expect.objectContaining({ code: "HOME_LOCKED" }));

  lock.release();
  lock.release();

  acquireLock(home, NOON).release();
  expect(existsSync(join(home, "lock.json"))).toBe(false);
});

test("a home that cannot be made is unusable, and says why", () => {
  writeFileSync(join(home, "file"), "");

  expect(() => acquireLock(join(home, "file"), NOON)).toThrow(expect.objectContaining({ code: "HOME_UNUSABLE" }));
});

test("whether it is held can be told without taking it, also once its holder was killed", async () => {
  const before = isHeld(home);
  const holder = await aHolder();
  const during = isHeld(home);
  await kill(holder);

  expect([before, during, isHeld(home)]).toEqual([false, true, false]);
});
