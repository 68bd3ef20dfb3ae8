/** What is below a wide map while its chunks have yet to hear what somebody did to instances of theirs. */
import { expect, test } from "vitest";
import { HAND, aClear, aMapSpec, aScene, aSelection, aTaskSpec, type Scene } from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";

const report = (index: number, counts: Partial<Extract<RunEvent, { type: "chunk_report" }>> = {}): RunEvent => ({
  type: "chunk_report",
  expansion: 1,
  index,
  version: 1,
  heard: 1,
  ended: true,
  success: 2,
  skipped: 0,
  failed: 0,
  open: 0,
  attempt: 1,
  retried: false,
  cut: false,
  barred: false,
  failures: [],
  ...counts,
});

/** `load` has four instances in two chunks, one of which has failed: `sum` could not run. */
const failed = (): Scene => {
  const load = aTaskSpec("load", { after: ["list"], map: aMapSpec("list", { chunkWidth: 2 }) });
  const scene = aScene([aTaskSpec("list"), load, aTaskSpec("sum", { after: ["load"] })]).giveList("list", 4);
  return scene.tell(report(0), report(1, { success: 1, failed: 1, failures: ["[3] no disk"] }));
};
const selection = aSelection([], { tasks: [{ taskId: "load", mapIndex: 3 }] });

test("is not decided by what they told before", () => {
  const scene = failed();
  expect([scene.state("sum"), scene.run.state]).toEqual(["upstream_failed", "failed"]);

  scene.tell({ type: "clear", selection, ...HAND }).tell({ type: "admitted", epoch: 1 });
  expect([scene.state("load"), scene.state("sum")]).toEqual(["deferred", "none"]);

  const heard = scene.run.tasks.expansions[0]?.chunks?.[1]?.ordered ?? 0;
  scene.tell(report(1, { version: 2, heard, attempt: 2 }));
  expect([scene.state("load"), scene.dispatched()]).toEqual(["success", ["sum#1"]]);
});

test("is not kept from being made anew by an instance that is cleared while its chunks stop", () => {
  const load = aTaskSpec("load", { after: ["list"], map: aMapSpec("list", { chunkWidth: 2 }) });
  const scene = aScene([aTaskSpec("list"), load])
    .giveList("list", 4)
    .tell(report(0));
  scene.tell(aClear(["load"])).tell({ type: "clear", selection, ...HAND });
  expect(scene.run.tasks.expansions[0]?.end).toBeDefined();

  const heard = (index: number): number => scene.run.tasks.expansions[0]?.chunks?.[index]?.ordered ?? 0;
  scene.tell(
    report(0, { version: 2, heard: heard(0) }),
    report(1, { version: 2, heard: heard(1), success: 0, skipped: 2, cut: true }),
  );
  expect(scene.run.tasks.expansions.map(({ number }) => number)).toEqual([2]);
});
