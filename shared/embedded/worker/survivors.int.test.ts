import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aPoolPlace, anInput, isAlive, until, type PoolPlace } from "../../../test/builders/worker-pool.ts";
import { createProcessRegistry, endSurvivors } from "./survivors.ts";

let place: PoolPlace;
const started: ChildProcess[] = [];

beforeEach(async () => {
  place = await aPoolPlace();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map(kill));
  endSurvivors(place.home);
  await place.close();
});

/** A process of its own group that sleeps. */
function aSleeper(): number {
  const child = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
  started.push(child);
  return child.pid ?? 0;
}

/** A process that runs the body in a pool of its own, as a scheduler does, and says when its worker is at it. */
async function aScheduler(body: string): Promise<{ readonly owner: ChildProcess; readonly worker: number }> {
  const pidFile = join(place.folder, "worker.pid");
  const tellPid = `const { writeFileSync } = await import("node:fs"); writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));`;
  const script = join(place.folder, "scheduler.mjs");
  const settings = { home: place.home, projectRoot: place.folder, stagingBucket: "lake", size: 1, env: {} };
  const from = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
  writeFileSync(
    script,
    `import { createWorkerPool } from ${from("pool.ts")};
     import { createClock } from ${from("../clock.ts")};
     const pool = createWorkerPool({ ...${JSON.stringify(settings)}, clock: createClock() });
     await pool.run(${JSON.stringify(anInput(place.bundle(tellPid + body)))}, new AbortController().signal);`,
  );
  const owner = spawn(process.execPath, [script], { stdio: ["ignore", "inherit", "inherit"] });
  started.push(owner);
  await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "");
  return { owner, worker: Number(readFileSync(pidFile, "utf8")) };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await new Promise((gone) => child.once("exit", gone));
}

test("a worker whose scheduler was killed ends by itself", async () => {
  const { owner, worker } = await aScheduler("await new Promise((go) => setTimeout(go, 60_000));");

  await kill(owner);

  await until(() => !isAlive(worker));
});

test("a worker that never yields is ended by the next scheduler", async () => {
  const { owner, worker } = await aScheduler("host.scratch; for (;;);");
  await kill(owner);

  expect(endSurvivors(place.home)).toEqual([worker]);
  await until(() => !isAlive(worker));
  expect([readdirSync(join(place.home, "workers")), readdirSync(join(place.home, "scratch"))]).toEqual([[], []]);
});

test("the workers of a scheduler that lives are left alone", async () => {
  const { worker } = await aScheduler("for (;;);");

  expect(endSurvivors(place.home)).toEqual([]);
  expect(isAlive(worker)).toBe(true);
});

test("a process that was given the number of a dead worker is left alone", () => {
  const stranger = aSleeper();
  const owner = { pid: 2 ** 22 + 1, started: "long ago" };
  mkdirSync(join(place.home, "workers"), { recursive: true });
  writeFileSync(
    join(place.home, "workers", `${stranger}.json`),
    JSON.stringify({ pid: stranger, started: "before", owner }),
  );

  expect(endSurvivors(place.home)).toEqual([]);
  expect(isAlive(stranger)).toBe(true);
});

test("a record that a crash cut short is removed", () => {
  mkdirSync(join(place.home, "workers"), { recursive: true });
  writeFileSync(join(place.home, "workers", "17.json"), `{"pid":17,"sta`);

  endSurvivors(place.home);

  expect(readdirSync(join(place.home, "workers"))).toEqual([]);
});

test("a process that has ended needs no record", async () => {
  const registry = createProcessRegistry(place.home);
  const child = spawn("true", { stdio: "ignore" });
  await new Promise((gone) => child.once("exit", gone));

  registry.add(child.pid ?? 0);

  expect(readdirSync(join(place.home, "workers"))).toEqual([]);
});

test("a home without workers has no survivors", () => {
  expect(endSurvivors(join(place.folder, "nowhere"))).toEqual([]);
});
