import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PoolView, TaskView } from "../shared/contract/views.ts";
import { aCommandLine, type CommandLine } from "../test/builders/command-line.ts";

let line: CommandLine;
beforeEach(async () => {
  line = await aCommandLine();
});
afterEach(async () => {
  await line.close();
});

const json = async <T>(...argv: readonly string[]): Promise<T> =>
  JSON.parse((await line.freshet(...argv, "--json")).out) as T;

/** Until it is so, for ten seconds at the most. */
async function until<T>(read: () => Promise<T>, is: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await read();
    if (is(value) || tries === 200) return value;
    await delay(50);
  }
}

describe("a pool of one slot", () => {
  test("lets one task work at a time, the most important first", async () => {
    expect((await line.withFixtures("run", "pooled")).exit).toBe(0);

    const tasks = await json<TaskView[]>("tasks", "latest");

    const inOrder = tasks.toSorted((a, b) => (String(a.startedAt) < String(b.startedAt) ? -1 : 1));
    expect(inOrder.map(({ taskId }) => taskId)).toEqual(["high", "middle", "low"]);
    for (const [index, { startedAt }] of inOrder.entries()) {
      const before = inOrder[index - 1];
      if (before !== undefined)
        expect(Date.parse(String(startedAt))).toBeGreaterThanOrEqual(Date.parse(String(before.endedAt)));
    }
  });

  test("is listed with its size, its use, and the DAGs that take slots of it", async () => {
    await line.withFixtures("run", "pooled");

    const [pool, ...others] = await json<PoolView[]>("pools");

    expect(others).toEqual([]);
    expect(pool).toMatchObject({
      pool: "slot",
      slots: 1,
      declared: 1,
      resized: null,
      used: 0,
      waiting: 0,
      holders: [],
      waiters: [],
      dags: ["pooled"],
    });
    expect((await line.freshet("pools")).out).toMatch(/POOL +SLOTS +USED +WAITING +DAGS +SET\nslot +1 +0 +0 +pooled/);
  });

  test("that is drained starts nothing, says why, and goes on when it has slots again", async () => {
    await line.withFixtures("run", "pooled");
    expect((await line.freshet("pools", "set", "slot", "0", "--reason", "maintenance")).out).toContain(
      "pool slot is drained",
    );
    const dev = line.start(["dev", "--dags", "test/fixtures/dags"]);
    await dev.says("Try next");
    await line.freshet("trigger", "pooled");

    const waiting = await until(
      () => json<PoolView>("pools", "slot"),
      ({ waiters }) => waiters.length > 0,
    );

    expect(waiting).toMatchObject({
      slots: 0,
      declared: 1,
      resized: { by: "ada" },
      waiting: 3,
      waiters: [{ slots: 3, next: 1, priority: 9 }],
    });
    expect((await line.freshet("pools", "slot")).out).toMatch(/set by ada .*; declared: 1/);
    expect((await line.freshet("why", "latest", "low")).out).toContain(
      "waits for 1 slot of the pool 'slot', which is drained: it has none since ada set it so at",
    );

    await line.freshet("pools", "set", "slot", "1");

    const ended = await until(
      () => json<{ state: string }[]>("runs", "--limit", "1"),
      ([run]) => run?.state === "success",
    );
    expect(ended[0]?.state).toBe("success");
    // The pool is told after the run has ended.
    const free = await until(
      () => json<PoolView>("pools", "slot"),
      ({ used }) => used === 0,
    );
    expect(free).toMatchObject({ used: 0, waiting: 0, holders: [], waiters: [] });
  });
});

describe("freshet pools", () => {
  test("where nothing has a pool says so", async () => {
    await line.withFixtures("run", "hello");

    const { exit, err } = await line.freshet("pools");

    expect([exit, err]).toEqual([0, expect.stringContaining("no DAG that is registered here has a pool")]);
  });
});

describe("freshet pools of a home that has one", () => {
  let shared: CommandLine;
  beforeAll(async () => {
    shared = await aCommandLine();
    await shared.withFixtures("run", "pooled");
  });
  afterAll(async () => {
    await shared.close();
  });

  test.each<[string[], number, string]>([
    [["set", "slto", "2"], 1, "there is no pool 'slto'; did you mean 'slot'?; there are: slot"],
    [["nowhere"], 1, "there is no pool 'nowhere'; there are: slot"],
    [["set", "slot", "-1"], 2, "'-1' is no number of slots"],
    [["set", "slot", "1.5"], 2, "'1.5' is no number of slots; give a whole number from 0"],
    [["set", "slot", "99999999"], 2, "99999999 is no number of slots"],
    [["set", "slot"], 2, "takes a pool and a number of slots"],
    [["slot", "2"], 2, "'slot 2' is not one pool; `freshet pools set <pool> <slots>` sets its size"],
    [["set", "slot", "1"], 1, "pool 'slot' has 1 slot already"],
  ])("refuses %j", async (argv, code, text) => {
    const { exit, err } = await shared.freshet("pools", ...argv);

    expect([exit, err]).toEqual([code, expect.stringContaining(text)]);
    expect(err).not.toMatch(/\n\s+at /);
  });
});
