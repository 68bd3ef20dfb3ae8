import { expect, test } from "vitest";
import { aManifest, aTaskSpec } from "../../../test/builders/index.ts";
import { runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { lostClasses } from "./lost-classes.ts";

const large = aTaskSpec("large", { executor: "lambda", resources: { memoryMb: 2_048, cpu: null } });
const small = aTaskSpec("small", { executor: "lambda" });
const onWorker = aTaskSpec("long", { executor: "worker" });

const asking = (...tasks: Manifest["tasks"]): Manifest => aManifest({ tasks });
const active = (manifest: Manifest, ...runs: readonly string[]) => ({ manifest, active: runs.map(runId) });

test("a class goes with the last DAG that asks for it, and is needed by the runs of those that did", () => {
  const before = [active(asking(small, large), "a.1"), active(asking(large), "b.1", "b.2"), active(asking(small), "c")];

  expect(lostClasses(before, [asking(small)])).toEqual([
    { executorClass: "lambda-2048", inFlight: ["a.1", "b.1", "b.2"] },
  ]);
});

test("one that another DAG asks for stays, and so does that of functions without a size", () => {
  expect(lostClasses([active(asking(small, large), "a.1")], [asking(large)])).toEqual([]);
});

test("workers may go without a run that needs them", () => {
  expect(lostClasses([active(asking(onWorker))], [])).toEqual([{ executorClass: "worker", inFlight: [] }]);
});
