/** Runs that go on with a newer version of their DAG, in records of their own, too. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { aMapSpec, aManifest, aTaskSpec } from "../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../test/builders/steered-home.ts";
import type { Dispatch } from "../core/attempt.ts";
import { dagId } from "../core/ids.ts";
import { chunkRunId } from "../core/run-id.ts";
import { operateRun } from "./operate.ts";
import { startRun } from "./start-run.ts";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
});
afterEach(async () => {
  await home.close();
});

const MINUTE_MS = 60_000;
const mapped = (timeoutMs: number) =>
  aManifest({
    tasks: [
      aTaskSpec("list"),
      aTaskSpec("load", { after: ["list"], timeoutMs, map: aMapSpec("list", { chunkWidth: 2 }) }),
    ],
  });

test("an instance of a wide map that is cleared with the newest version runs by that", async () => {
  const sent: Dispatch[] = [];
  let broken = true;
  home.play((dispatch) => {
    sent.push(dispatch);
    if (dispatch.key.taskId === "list") return { kind: "success", output: ["a", "b", "c"] };
    const error = { name: "TypeError", message: "no disk", class: "permanent", stack: "" } as const;
    return broken && dispatch.key.mapIndex === 2 ? { kind: "failed", error } : { kind: "success" };
  });
  await home.deploy(mapped(MINUTE_MS));
  const { runId } = await startRun(home.engine, { dagId: dagId("orders"), by: "ada" });
  await home.settle();
  broken = false;
  await home.deploy(mapped(2 * MINUTE_MS));
  const [last] = (await home.runs()).filter((run) => run.runId === runId);
  const selection = { tasks: [{ taskId: "load", mapIndex: 2 }], upstream: false, downstream: false, onlyFailed: false };

  sent.length = 0;
  await operateRun(home.engine, { runId, action: { type: "clear", selection }, by: "ada", reason: "", latest: true });
  await home.settle();

  const [run, chunk] = await Promise.all(
    [runId, chunkRunId(runId, 1, 1)].map(async (id) => (await home.engine.runs.load(id))?.value),
  );
  expect([last?.state, run?.state, chunk?.version]).toEqual(["failed", "success", run?.version]);
  expect(run?.version).not.toBe(last?.version);
  expect([...new Set(sent.map(({ key, timeoutMs }) => `${key.mapIndex}#${key.attempt} ${timeoutMs}`))]).toEqual([
    `2#2 ${2 * MINUTE_MS}`,
  ]);
});
