import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MINUTE_MS, NOON, aManifest, aRetrySpec, aTaskSpec } from "../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../test/builders/steered-home.ts";
import { dagId, taskId } from "../core/ids.ts";
import { plus } from "../core/time.ts";
import { startRun } from "./start-run.ts";
import { readRun, taskViews } from "./views/runs.ts";

const LARGE = "lambda-2048";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
  const large = {
    executor: "lambda" as const,
    resources: { memoryMb: 2_048, cpu: null },
    retry: aRetrySpec({ retries: 3 }),
  };
  await home.deploy(aManifest({ tasks: [aTaskSpec("extract", large)] }));
});
afterEach(async () => {
  await home.close();
});

/** A run whose only task has nobody to run it. */
async function started(): Promise<void> {
  home.haveExecutors(LARGE, false);
  await startRun(home.engine, { dagId: dagId("orders"), by: "ada" });
  await home.settle();
}
const states = async () => (await home.runs()).map(({ state }) => state);
const runId = async () => (await home.runs())[0]?.runId ?? unknown();
const unknown = (): never => {
  throw new Error("there is no run");
};

describe("an attempt of an executor class that the deployment no longer has", () => {
  test("waits for a quarter of an hour: a deployment that took it away may be taken back", async () => {
    await started();
    await home.passTo(plus(NOON, 14 * MINUTE_MS));
    expect(await states()).toEqual(["running"]);

    home.haveExecutors(LARGE, true);
    await home.passTo(plus(NOON, 30 * MINUTE_MS));
    expect(await states()).toEqual(["success"]);
  });

  test("fails then, whatever its retries, and says what to do", async () => {
    await started();
    await home.passTo(plus(NOON, 20 * MINUTE_MS));

    expect(await states()).toEqual(["failed"]);
    const [extract] = taskViews(await readRun(home.engine, await runId()));
    expect(extract?.cause).toBe(
      "this deployment has no executor of class 'lambda-2048' any more: deploy one (`keepClasses: [\"lambda-2048\"]` in the " +
        "environment) and clear the task, or clear it with --latest",
    );
  });

  test("is closed: nobody who finds its message later runs it", async () => {
    await started();
    await home.passTo(plus(NOON, 20 * MINUTE_MS));

    const items = await home.engine.attempts.list(await runId(), taskId("extract"));
    expect(items.map(({ item }) => item)).toMatchObject([{ status: "revoked", reason: "no_executor" }]);
  });
});
