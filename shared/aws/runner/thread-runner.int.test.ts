import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runId, taskId } from "../../core/ids.ts";
import { LOCAL_ENVIRONMENT, type RunnerInput } from "../../core/task-host.ts";
import { createThreadRunner, type ThreadRunner } from "./thread-runner.ts";

/** A thread that does as the name of its task says. */
const THREAD = `
import { parentPort } from "node:worker_threads";
const answer = (id, result) => parentPort.postMessage({ t: "result", id, result, last: false });
parentPort.on("message", (message) => {
  if (message.t === "abort") return answer(message.id, { kind: "success", output: "stopped" });
  const { id, input } = message;
  parentPort.postMessage({ t: "began", id });
  switch (input.dispatch.key.taskId) {
    case "returns": return answer(id, { kind: "success", output: 1 });
    case "waits": return undefined;
    case "hangs": for (;;);
    case "exits": return process.exit(3);
    case "throws": throw new Error("nobody catches this");
  }
});`;

let folder: string;
let runner: ThreadRunner;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "freshet-threads-"));
  const thread = join(folder, "thread.mjs");
  writeFileSync(thread, THREAD);
  runner = createThreadRunner({
    thread: pathToFileURL(thread),
    packages: folder,
    folder: join(folder, "work"),
    region: "eu-west-1",
    bucket: "own",
    bucketNames: {},
    environment: LOCAL_ENVIRONMENT,
    log: () => undefined,
    stopGraceMs: 50,
  });
});
afterEach(async () => {
  await runner.close();
  rmSync(folder, { recursive: true });
});

function run(task: string, signal = new AbortController().signal) {
  const key = { runId: runId("r"), taskId: taskId(task), mapIndex: -1, attempt: 1 };
  const dispatch = { key, run: { bundle: "b" }, timeoutMs: 100 } as unknown as RunnerInput["dispatch"];
  return runner.run({ dispatch, outputs: {}, files: [] }, signal);
}

test("gives what the code returned, again and again", async () => {
  expect([await run("returns"), await run("returns")]).toEqual([
    { kind: "success", output: 1 },
    { kind: "success", output: 1 },
  ]);
});

test.each(["waits", "hangs"])("code that %s ends at its timeout, and the next one runs", async (task) => {
  expect(await run(task)).toMatchObject({ kind: "failed", error: { name: "Timeout", class: "timeout" } });
  expect(await run("returns")).toMatchObject({ kind: "success" });
});

test("code that ends its process fails, and says how", async () => {
  expect(await run("exits")).toMatchObject({
    error: { name: "ProcessExit", class: "transient", message: expect.stringContaining("process.exit(3)") as string },
  });
});

test("a thread that dies is lost, and not the executor", async () => {
  expect(await run("throws")).toMatchObject({ error: { class: "lost" } });
});

test("an attempt that was closed is told to stop, and its result is dropped", async () => {
  const control = new AbortController();
  setTimeout(() => control.abort(new Error("closed")), 10);

  expect(await run("waits", control.signal)).toMatchObject({ error: { name: "Cancelled", message: "closed" } });
});
