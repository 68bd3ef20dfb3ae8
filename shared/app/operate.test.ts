import { afterEach, beforeEach, expect, test } from "vitest";
import { aManifest } from "../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../test/builders/steered-home.ts";
import { dagId } from "../core/ids.ts";
import type { Engine } from "./engine.ts";
import { operateRun } from "./operate.ts";
import { startRun } from "./start-run.ts";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
});
afterEach(async () => {
  await home.close();
});

/** Somebody else writes the run each time before it is advanced, except for an operator's own change. */
const contended = ({ runs, ...engine }: Engine): Engine => ({
  ...engine,
  runs: {
    ...runs,
    commit: (read, next, commitId, audit) =>
      audit === undefined ? Promise.resolve("stale") : runs.commit(read, next, commitId, audit),
  },
});

test("a change is made once, although what follows from it is contended", async () => {
  await home.deploy(aManifest());
  home.play(() => "never");
  const { runId } = await startRun(home.engine, { dagId: dagId("orders"), by: "ada" });
  await home.settle();
  const selection = { tasks: [], upstream: false, downstream: false, onlyFailed: false };

  await operateRun(contended(home.engine), { runId, action: { type: "clear", selection }, by: "ada", reason: "" });

  expect(await home.engine.audit.list({ kind: "run", id: runId }, 10)).toHaveLength(1);
});
