import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunnerInput, RunnerResult } from "../../core/task-host.ts";
import {
  aPoolPlace,
  anInput,
  failureOf,
  isAlive,
  never,
  until,
  type PoolPlace,
} from "../../../test/builders/worker-pool.ts";
import type { WorkerPool, WorkerPoolOptions } from "./pool.ts";

/** Short tasks that the pool has seen before a test begins: it sends more of them ahead. */
const WARM = 40;

let place: PoolPlace;
let bundle: string;

beforeEach(async () => {
  place = await aPoolPlace();
  bundle = place.bundle(`
    const { appendFileSync, existsSync } = await import("node:fs");
    const { attempt } = input.dispatch.key;
    if (attempt > ${WARM}) appendFileSync(${JSON.stringify(join(place.folder, "ran"))}, attempt + "\\n");
    switch (input.outputs.act) {
      case "die": process.kill(process.pid, "SIGKILL"); await new Promise(() => {});
      case "exit": process.exit(1);
      case "hang": for (;;);
      case "block": for (const end = Date.now() + 300; Date.now() < end;); break;
      case "hold": while (!existsSync(${JSON.stringify(join(place.folder, "gate"))})) await new Promise((go) => setTimeout(go, 5)); break;
      case "say": console.log("it is " + attempt); break;
      case "spoil": setTimeout(() => { throw new Error("left behind"); }); await new Promise((go) => setTimeout(go, 2)); break;
    }
    return { kind: "success", output: process.pid };`);
});

afterEach(async () => place.close());

/** A pool that knows the bundle's tasks as short. */
async function aWarmPool(options: Partial<WorkerPoolOptions> = {}): Promise<WorkerPool> {
  const pool = place.pool({ size: 1, limits: { stopGraceMs: 50 }, ...options });
  for (let attempt = 1; attempt <= WARM; attempt++) await pool.run(anInput(bundle, { attempt }), never());
  return pool;
}

const anAct = (index: number, act = "nothing", timeoutMs = 60_000): RunnerInput =>
  anInput(bundle, { attempt: WARM + index, outputs: { act }, timeoutMs });

/** One that does this, and seven short ones given with it. */
async function withSevenBehind(pool: WorkerPool, act: string, timeoutMs?: number): Promise<readonly RunnerResult[]> {
  const behind = [2, 3, 4, 5, 6, 7, 8].map((index) => anAct(index));
  return Promise.all([anAct(1, act, timeoutMs), ...behind].map(async (input) => pool.run(input, never())));
}

/** What has begun so far, in that order, counted from the first after the warming up. */
function begun(): readonly number[] {
  const path = join(place.folder, "ran");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((attempt) => Number(attempt) - WARM);
}

const succeeded = (results: readonly RunnerResult[]): number => results.filter(({ kind }) => kind === "success").length;

describe("short tasks that are sent ahead", () => {
  test("run once each, in the order in which they were given", async () => {
    const results = await withSevenBehind(await aWarmPool(), "nothing");

    expect([succeeded(results), begun()]).toEqual([8, [1, 2, 3, 4, 5, 6, 7, 8]]);
  });

  test("print each to the log of its own attempt", async () => {
    const pool = await aWarmPool();

    await Promise.all([1, 2, 3].map(async (index) => pool.run(anAct(index, "say"), never())));

    const logs = await Promise.all([1, 2, 3].map(async (index) => place.messages(WARM + index)));
    expect(logs).toEqual([1, 2, 3].map((index) => [`info it is ${WARM + index}`]));
  });

  test("run once each elsewhere when the process dies of the one before them", async () => {
    const [first, ...behind] = await withSevenBehind(await aWarmPool(), "die");

    expect(first === undefined ? {} : failureOf(first)).toMatchObject({ name: "WorkerDied", class: "lost" });
    expect([succeeded(behind), begun()]).toEqual([7, [1, 2, 3, 4, 5, 6, 7, 8]]);
  });

  test("run once each elsewhere when the one before them ends the process", async () => {
    const [first, ...behind] = await withSevenBehind(await aWarmPool(), "exit");

    expect(first === undefined ? {} : failureOf(first)).toMatchObject({ name: "ProcessExit" });
    expect([succeeded(behind), begun()]).toEqual([7, [1, 2, 3, 4, 5, 6, 7, 8]]);
  });

  test("run once each elsewhere when the one before them leaves a process that is not to be trusted", async () => {
    const [first, ...behind] = await withSevenBehind(await aWarmPool(), "spoil");

    expect(first === undefined ? {} : failureOf(first)).toMatchObject({
      message: expect.stringContaining("left behind"),
    });
    expect([succeeded(behind), begun()]).toEqual([7, [1, 2, 3, 4, 5, 6, 7, 8]]);
  });

  test("do not wait for one that turns out to be long", async () => {
    const pool = await aWarmPool({ size: 2 });
    const first = pool.run(anAct(1, "hold"), never());
    const behind = [2, 3, 4, 5, 6, 7, 8].map(async (index) => pool.run(anAct(index), never()));

    const results = await Promise.all(behind);
    writeFileSync(join(place.folder, "gate"), "");

    expect([succeeded(results), succeeded([await first])]).toEqual([7, 1]);
    expect(begun().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("have their own time, which begins when they do", async () => {
    const pool = await aWarmPool();
    const first = pool.run(anAct(1, "block"), never());

    const second = await pool.run(anAct(2, "nothing", 100), never());

    expect([second.kind, (await first).kind]).toEqual(["success", "success"]);
  });

  test("wait for their turn, and are known to", async () => {
    const pool = await aWarmPool();
    const [first, second] = [anAct(1, "block"), anAct(2)];

    const both = Promise.all([first, second].map(async (input) => pool.run(input, never())));

    expect([first, second].map(({ dispatch }) => pool.waits?.(dispatch.key))).toEqual([false, true]);
    await both;
  });

  test("outlive one that runs out of time and never yields", async () => {
    const [first, ...behind] = await withSevenBehind(await aWarmPool(), "hang", 200);

    expect(first === undefined ? {} : failureOf(first)).toMatchObject({ class: "timeout" });
    expect([succeeded(behind), begun()]).toEqual([7, [1, 2, 3, 4, 5, 6, 7, 8]]);
  });

  test("never begin once they were given up, and harm nothing else by that", async () => {
    const pool = await aWarmPool();
    const control = new AbortController();
    const first = pool.run(anAct(1, "block"), never());
    const second = pool.run(anAct(2), control.signal);
    const third = pool.run(anAct(3), never());
    await until(() => begun().includes(1));

    control.abort(new Error("cancelled by ana"));

    expect(failureOf(await second)).toMatchObject({ name: "Cancelled", message: "cancelled by ana" });
    expect([succeeded([await first, await third]), begun()]).toEqual([2, [1, 3]]);
  });

  test("are lost, and answered for, when the pool is closed", async () => {
    const pool = await aWarmPool();
    const running = withSevenBehind(pool, "hold");
    await until(() => begun().includes(1));
    const pids = pool.pids();

    await pool.close();

    const names = (await running).map((result) => (result.kind === "failed" ? result.error.name : result.kind));
    expect(names).toEqual(Array.from({ length: 8 }, () => "PoolClosed"));
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
