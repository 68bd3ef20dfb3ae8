import { expect, test } from "vitest";
import { placesIn } from "./source-place.ts";

const site = (...frames: readonly string[]) => ({
  stack: ["Error", ...frames.map((frame) => `    at ${frame}`)].join("\n"),
});

test.each<[string, readonly string[], string]>([
  ["a file address", ["file:///home/ana/shop/dags/sales.dag.ts:14:11"], "dags/sales.dag.ts"],
  ["a path", ["Module.<anonymous> (/home/ana/shop/dags/sales.dag.ts:14:11)"], "dags/sales.dag.ts"],
  ["an import made anew", ["file:///home/ana/shop/dags/sales.dag.ts?v=3:14:11"], "dags/sales.dag.ts"],
  [
    "a folder with a space and an accent",
    ["async file:///home/an%20%C3%A9/dags/sales.dag.ts:14:11"],
    "dags/sales.dag.ts",
  ],
  ["a folder of Windows", ["file:///C:/shop/dags/sales.dag.ts:14:11"], "dags\\sales.dag.ts"],
  ["a path from above", ["file:///home/ana/dags/sales.dag.ts:14:11"], "../dags/sales.dag.ts"],
  [
    "a function that makes tasks",
    ["makeTask (file:///home/ana/shop/lib/make.ts:3:10)", "file:///home/ana/shop/dags/sales.dag.ts:14:11"],
    "dags/sales.dag.ts",
  ],
])("finds the place by %s", (_what, frames, file) => {
  expect(placesIn(file, {})(site(...frames))).toEqual({ file, line: 14, column: 11 });
});

test("gives the place in a file that the DAG's file imports, from where the person stands", () => {
  const inDag = site("file:///home/ana/shop/dags/sales.dag.ts:14:11");
  const inLib = site("file:///home/ana/shop/lib/tasks.ts:3:10", "node:internal/modules:1:1");

  expect(placesIn("dags/sales.dag.ts", inDag)(inLib)).toEqual({ file: "lib/tasks.ts", line: 3, column: 10 });
});

test("gives the whole path where nobody knows where the person stands", () => {
  const elsewhere = site("file:///opt/lib/tasks.ts:3:10");

  expect(placesIn("dags/sales.dag.ts", {})(elsewhere)).toEqual({ file: "/opt/lib/tasks.ts", line: 3, column: 10 });
});

test.each([[{}], [{ stack: "Error" }], [site("node:internal/modules:1:1")], [site("new Promise (<anonymous>)")]])(
  "knows no place where there is none: %j",
  (nowhere) => {
    expect(placesIn("dags/sales.dag.ts", {})(nowhere)).toBeUndefined();
  },
);
