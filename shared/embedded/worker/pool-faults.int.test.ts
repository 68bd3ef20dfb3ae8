import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aPoolPlace,
  bundlePath,
  anInput,
  failureOf,
  isAlive,
  never,
  until,
  type PoolPlace,
} from "../../../test/builders/worker-pool.ts";

/** Code that waits until it is told to stop. */
const TOLD = `if (!host.signal.aborted) await new Promise((told) => host.signal.addEventListener("abort", told));`;

let place: PoolPlace;

beforeEach(async () => {
  place = await aPoolPlace();
});

afterEach(async () => place.close());

describe("code that runs out of time", () => {
  test("is told, and its failure is a timeout whatever it then returns", async () => {
    const body = `${TOLD} console.log(host.signal.reason.message);
      return { kind: "success" };`;

    const result = await place.pool().run(anInput(place.bundle(body), { timeoutMs: 1_500 }), never());

    expect(failureOf(result)).toEqual({
      name: "Timeout",
      class: "timeout",
      message: "the task ran longer than its timeout of 1.5s",
    });
    expect(await place.messages()).toEqual(["info the task ran longer than its timeout of 1.5s"]);
  });

  test("keeps its process when it stops in time", async () => {
    const timed = place.pool({ size: 1 });
    const [pid] = timed.pids();
    const body = `${TOLD} return { kind: "success" };`;

    await timed.run(anInput(place.bundle(body), { timeoutMs: 1_500 }), never());

    expect(timed.pids()).toEqual([pid]);
  });

  test("is killed when it never yields, with all that it started", async () => {
    const body = `const { spawn } = await import("node:child_process");
      const sleeper = spawn("sleep", ["60"]);
      process.stdout.write(String(sleeper.pid) + "\\n"); for (;;);`;

    const result = await place
      .pool({ limits: { stopGraceMs: 50 } })
      .run(anInput(place.bundle(body), { timeoutMs: 1_500 }), never());

    expect(failureOf(result)).toMatchObject({ class: "timeout" });
    const [first, last] = await place.log();
    expect(last?.message).toBe(
      "the task ran longer than its timeout of 1.5s; it did not stop within 50ms and was killed",
    );
    await until(() => !isAlive(Number(first?.message)));
  });

  test("leaves a process for the next attempt", async () => {
    const hung = place.pool({ size: 1, limits: { stopGraceMs: 20 } });
    await hung.run(anInput(place.bundle("for (;;);"), { timeoutMs: 20 }), never());

    const result = await hung.run(anInput(place.bundle(`return { kind: "success" };`), { attempt: 2 }), never());

    expect(result).toEqual({ kind: "success" });
  });
});

describe("an attempt whose caller gives it up", () => {
  test("is told, and then killed", async () => {
    const controller = new AbortController();
    const body = `host.log("info", "on"); for (;;);`;
    const running = place.pool({ limits: { stopGraceMs: 20 } }).run(anInput(place.bundle(body)), controller.signal);
    await until(async () => (await place.log()).length > 0);

    controller.abort(new Error("cancelled by ana"));

    expect(failureOf(await running)).toEqual({ name: "Cancelled", class: "lost", message: "cancelled by ana" });
  });

  test("never starts when it still waited for a process", async () => {
    const controller = new AbortController();
    const busy = place.pool({ size: 1, limits: { stopGraceMs: 20 } });
    const first = busy.run(
      anInput(place.bundle(`await new Promise((go) => setTimeout(go, 200)); return { kind: "success" };`)),
      never(),
    );
    const second = busy.run(
      anInput(place.bundle(`console.log("ran"); return { kind: "success" };`), { attempt: 2 }),
      controller.signal,
    );

    controller.abort();

    expect(failureOf(await second)).toMatchObject({ name: "Cancelled" });
    expect(await first).toEqual({ kind: "success" });
    expect(await place.log(2)).toEqual([]);
  });
});

describe("code that breaks its process", () => {
  test("by process.exit is told so by name", async () => {
    const result = await place.runOf("process.exit(3);");

    expect(failureOf(result)).toEqual({
      name: "ProcessExit",
      class: "transient",
      message: "the task's code called process.exit(3); throw an error to fail, return to succeed",
    });
  });

  test("by a signal is lost, with what it said last", async () => {
    const result =
      await place.runOf(`const { writeSync } = await import("node:fs"); writeSync(2, "out of memory, says native code\\n");
      process.kill(process.pid, "SIGKILL"); await new Promise(() => {});`);

    expect(failureOf(result)).toEqual({
      name: "WorkerDied",
      class: "lost",
      message:
        "the worker process that ran the task was killed by SIGKILL; it said last:\nout of memory, says native code",
    });
  });

  test("by taking all memory is lost, with the line that says so, and not with Node's own stack", async () => {
    const said =
      "<--- Last few GCs --->\\n\\nFATAL ERROR: Reached heap limit\\n----- Native stack trace -----\\n 1: 0x931db0\\n";
    const result = await place.runOf(`const { writeSync } = await import("node:fs"); writeSync(2, "${said}");
      process.kill(process.pid, "SIGKILL"); await new Promise(() => {});`);

    expect(failureOf(result)).toMatchObject({
      message: "the worker process that ran the task was killed by SIGKILL; it said last:\nReached heap limit",
    });
  });

  test("by an error that nothing can catch fails with that error", async () => {
    const result = await place.runOf(
      `setTimeout(() => { throw new RangeError("too far") }, 1); await new Promise(() => {});`,
    );

    expect(failureOf(result)).toMatchObject({
      name: "RangeError",
      class: "transient",
      message: "too far (thrown outside of what the task awaits: is there an `await` missing?)",
    });
  });

  test("by a rejection that nobody awaits fails with it", async () => {
    const result = await place.runOf(`Promise.reject(new TypeError("no such column")); await new Promise(() => {});`);

    expect(failureOf(result)).toMatchObject({
      name: "TypeError",
      class: "permanent",
      message: expect.stringContaining("no such column"),
    });
  });

  test("after its end does not harm the next attempt", async () => {
    const one = place.pool({ size: 1 });
    await one.run(
      anInput(place.bundle(`setTimeout(() => { throw new Error("left behind") }, 30); return { kind: "success" };`)),
      never(),
    );

    const result = await one.run(
      anInput(place.bundle(`await new Promise((go) => setTimeout(go, 100)); return { kind: "success" };`), {
        attempt: 2,
      }),
      never(),
    );

    expect(result).toEqual({ kind: "success" });
    expect(await place.messages(1)).toEqual([expect.stringContaining("error (after the end) Error: left behind")]);
  });

  test("gets a new process for the next attempt", async () => {
    const one = place.pool({ size: 1 });
    const [pid] = one.pids();
    await one.run(anInput(place.bundle("process.exit(0);")), never());

    const result = await one.run(
      anInput(place.bundle(`return { kind: "success", output: process.pid };`), { attempt: 2 }),
      never(),
    );

    expect(result).not.toEqual({ kind: "success", output: pid });
  });
});

describe("a code bundle", () => {
  test("that was changed after it was registered is refused", async () => {
    const bundle = place.bundle(`return { kind: "success" };`);
    writeFileSync(
      bundlePath(place.home, bundle),
      readFileSync(bundlePath(place.home, bundle), "utf8").replace("success", "skipped"),
    );

    const result = await place.pool().run(anInput(bundle), never());

    expect(failureOf(result)).toMatchObject({ name: "BUNDLE_DAMAGED", class: "permanent" });
  });

  test("that is not there is named", async () => {
    const result = await place.pool().run(anInput("0".repeat(64)), never());

    expect(failureOf(result)).toMatchObject({
      name: "BUNDLE_NOT_FOUND",
      message:
        "the code bundle 0000000000000000000000000000000000000000000000000000000000000000 is not there; register its DAG again",
    });
  });

  test("that needs a package which is not installed says which", async () => {
    const result = await place.pool().run(anInput(place.bundle("", `import "no-such-package";`)), never());

    expect(failureOf(result)).toMatchObject({
      name: "LOAD_FAILED",
      class: "permanent",
      message: expect.stringContaining("Cannot find package 'no-such-package'; install it"),
    });
  });

  test("that throws as it is loaded fails its attempt alone", async () => {
    const one = place.pool({ size: 1 });

    const result = await one.run(anInput(place.bundle("", `throw new Error("no database");`)), never());

    expect(failureOf(result)).toMatchObject({ name: "Error", message: "no database" });
    expect(await one.run(anInput(place.bundle(`return { kind: "success" };`), { attempt: 2 }), never())).toEqual({
      kind: "success",
    });
  });
});
