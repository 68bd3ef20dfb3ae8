import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aPoolPlace,
  anInput,
  failureOf,
  isAlive,
  never,
  until,
  type PoolPlace,
} from "../../../test/builders/worker-pool.ts";

let place: PoolPlace;

beforeEach(async () => {
  place = await aPoolPlace();
});

afterEach(async () => place.close());

describe("an attempt", () => {
  test("gives back what its code returned", async () => {
    const result = await place.runOf(`return { kind: "success", output: { attempt: input.dispatch.key.attempt } };`);

    expect(result).toEqual({ kind: "success", output: { attempt: 1 } });
  });

  test("shares its process with no other", async () => {
    const body = `running++; await new Promise((go) => setTimeout(go, 5)); const most = running; running--;
      return { kind: "success", output: { most, pid: process.pid } };`;
    const bundle = place.bundle(body, "let running = 0;");
    const together = place.pool();

    const inputs = Array.from({ length: 20 }, (_, index) => anInput(bundle, { attempt: index + 1 }));
    const results = await Promise.all(inputs.map(async (input) => together.run(input, never())));

    expect(
      new Set(results.map((result) => result.kind === "success" && (result.output as { most: number }).most)),
    ).toEqual(new Set([1]));
  });

  test("passes inputs and outputs of 4 MB", async () => {
    const text = "é".repeat(2 * 1024 * 1024 - 100);

    const result = await place.pool().run(
      anInput(place.bundle(`return { kind: "success", output: input.outputs.extract };`), {
        outputs: { extract: text },
      }),
      never(),
    );

    expect(result).toEqual({ kind: "success", output: text });
  });

  test("with an output that is too large fails, with the size and the limit", async () => {
    const result = await place.runOf(`return { kind: "success", output: "x".repeat(5_000_000) };`);

    expect(failureOf(result)).toMatchObject({
      name: "OUTPUT_TOO_LARGE",
      class: "permanent",
      message: expect.stringContaining("has 5000030 bytes; at most 4259840"),
    });
  });

  test("has a scratch folder of its own, which is removed", async () => {
    const body = `const { writeFileSync } = await import("node:fs"); const { scratch } = host;
      writeFileSync(scratch + "/a", "1"); return { kind: "success", output: scratch };`;

    const result = await place.runOf(body);

    expect(result.kind === "success" && existsSync(result.output as string)).toBe(false);
  });

  test("has staging that no other attempt has", async () => {
    const result = await place.runOf(`return { kind: "success", output: { ...host.staging } };`);

    expect(result).toEqual({ kind: "success", output: { bucket: "lake", prefix: "staging/orders.run-1/extract/1/" } });
  });

  test("sees the environment that it was given and nothing else", async () => {
    const result = await place.runOf(`return { kind: "success", output: { ...process.env } };`, {
      env: { REGION: "eu-west-1" },
    });

    expect(result).toEqual({ kind: "success", output: { REGION: "eu-west-1" } });
  });

  test("is told where it runs", async () => {
    const body = `return { kind: "success", output: { ...host.environment } };`;
    const environment = { name: "local", dataWindowMs: 604_800_000 };

    expect(await place.runOf(body)).toEqual({ kind: "success", output: { name: "local", dataWindowMs: null } });
    expect(await place.runOf(body, { environment })).toEqual({ kind: "success", output: environment });
  });

  test("finds the project's packages from a home outside of the project", async () => {
    const projectRoot = join(place.folder, "project");
    mkdirSync(join(projectRoot, "node_modules", "answer"), { recursive: true });
    writeFileSync(join(projectRoot, "node_modules", "answer", "index.js"), "exports.answer = 42;");
    const bundle = place.bundle(`return { kind: "success", output: pkg.answer };`, `import pkg from "answer";`);

    const result = await place.pool({ projectRoot }).run(anInput(bundle), never());

    expect(result).toEqual({ kind: "success", output: 42 });
  });
});

describe("what code prints", () => {
  test("is in the log of its attempt, by its level, line by line", async () => {
    await place.runOf(`console.log("rows: %d", 3); console.warn("few"); console.error(new Error("bad").message); console.debug("fine");
      host.log("info", "loaded", { rows: 3 }); process.stdout.write("a\\nb"); process.stdout.write("c");
      return { kind: "success" };`);

    const lines = await place.log();
    expect(await place.messages()).toEqual([
      "info rows: 3",
      "warn few",
      "error bad",
      "debug fine",
      "info loaded",
      "info a",
      "info bc",
    ]);
    expect(lines[4]?.fields).toEqual({ rows: 3 });
  });

  test("from native code and from programs that it starts is there too", async () => {
    const body = `const { spawnSync } = await import("node:child_process");
      spawnSync("echo", ["from echo"], { stdio: "inherit" }); await new Promise((go) => setTimeout(go, 50)); return { kind: "success" };`;

    await place.runOf(body);

    expect(await place.messages()).toEqual(["info from echo"]);
  });

  test("after its end is still its own, and says so", async () => {
    const one = place.pool({ size: 1 });
    await one.run(
      anInput(place.bundle(`setTimeout(() => console.log("late"), 20); return { kind: "success" };`)),
      never(),
    );

    await one.run(
      anInput(place.bundle(`await new Promise((go) => setTimeout(go, 60)); return { kind: "success" };`), {
        attempt: 2,
      }),
      never(),
    );

    expect(await place.messages(1)).toEqual(["info (after the end) late"]);
    expect(await place.log(2)).toEqual([]);
  });

  test("is nothing: then there is no log file", async () => {
    await place.runOf(`return { kind: "success" };`);

    expect(existsSync(join(place.home, "logs"))).toBe(false);
  });
});

describe("the processes of a pool", () => {
  test("start with one, grow with the work, and shrink to one", async () => {
    const growing = place.pool({ size: 3, limits: { idleMs: 100 } });
    const gate = join(place.folder, "open");
    const body = `const { existsSync } = await import("node:fs"); const open = () => existsSync(${JSON.stringify(gate)});
      while (!open()) await new Promise((go) => setTimeout(go, 5)); return { kind: "success" };`;
    const atFirst = growing.pids().length;

    const bundle = place.bundle(body);
    const running = [1, 2, 3, 4].map(async (attempt) => growing.run(anInput(bundle, { attempt }), never()));
    await until(() => growing.pids().length === 3);
    writeFileSync(gate, "");
    await Promise.all(running);

    await until(() => growing.pids().length === 1);
    expect(atFirst).toBe(1);
  });

  test("are there already for what was announced, up to their number", async () => {
    const warmed = place.pool({ size: 3, limits: { idleMs: 100 } });

    warmed.warm(2);
    expect(warmed.pids().length).toBe(2);
    warmed.warm(10);
    expect(warmed.pids().length).toBe(3);

    await until(() => warmed.pids().length === 1);
  });

  test("are replaced once they have loaded their number of bundles", async () => {
    const one = place.pool({ size: 1, limits: { bundlesMax: 2 } });
    const pids = new Set<unknown>();

    for (const attempt of [1, 2, 3, 4]) {
      const result = await one.run(
        anInput(place.bundle(`return { kind: "success", output: process.pid }; // ${attempt}`), { attempt }),
        never(),
      );
      pids.add(result.kind === "success" && result.output);
    }

    expect(pids.size).toBe(2);
  });

  test("that cannot be started fail what waits for them", async () => {
    const result = await place
      .pool({ projectRoot: join(place.folder, "nowhere") })
      .run(anInput(place.bundle("")), never());

    expect(failureOf(result)).toMatchObject({
      name: "WorkerStart",
      class: "lost",
      message: expect.stringContaining("no worker process can be started"),
    });
  });

  test("are gone, with their records and scratch, once the pool is closed", async () => {
    const closing = place.pool();
    const running = closing.run(anInput(place.bundle(`host.scratch; await new Promise(() => {});`)), never());
    await until(() => existsSync(join(place.home, "scratch")));
    const pids = closing.pids();

    await closing.close();

    expect(failureOf(await running)).toMatchObject({ name: "PoolClosed", class: "lost" });
    expect(pids.filter(isAlive)).toEqual([]);
    expect([readdirSync(join(place.home, "workers")), readdirSync(join(place.home, "scratch"))]).toEqual([[], []]);
  });

  test("are idle once nothing is in hand", async () => {
    const idling = place.pool();
    let ended = false;
    void idling.run(anInput(place.bundle(`return { kind: "success" };`)), never()).then(() => (ended = true));

    await idling.idle();
    await Promise.resolve();

    expect(ended).toBe(true);
  });

  test("are wanted ahead of their number only while tasks are short", async () => {
    const eager = place.pool({ size: 2 });
    expect(eager.wanted()).toBe(2);
    const short = anInput(place.bundle(`return { kind: "success" };`));
    for (let n = 0; n < 30; n++) await eager.run(short, never());
    expect(eager.wanted()).toBeGreaterThan(2);

    for (let n = 0; n < 3; n++)
      await eager.run(
        anInput(place.bundle(`await new Promise((go) => setTimeout(go, 100)); return { kind: "success" };`)),
        never(),
      );

    expect(eager.wanted()).toBe(2);
  });
});
