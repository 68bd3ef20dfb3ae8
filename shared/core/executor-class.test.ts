import { expect, test } from "vitest";
import type { Executor } from "./manifest.ts";
import { executorClassOf, executorOfClass, memoryOfClass, type ExecutorClass } from "./executor-class.ts";

test.each<[Executor, number | null, ExecutorClass]>([
  ["lambda", null, "lambda"],
  ["lambda", 2048, "lambda-2048"],
  ["worker", null, "worker"],
  ["worker", 2048, "worker"],
])("%s with %s MB goes to class %s", (executor, memoryMb, name) => {
  expect(executorClassOf({ executor, resources: { memoryMb, cpu: null } })).toBe(name);
});

test.each<[ExecutorClass, Executor, number | null]>([
  ["lambda", "lambda", null],
  ["lambda-2048", "lambda", 2048],
  ["worker", "worker", null],
])("class %s is of %s, with %s MB", (name, executor, memoryMb) => {
  expect([executorOfClass(name), memoryOfClass(name)]).toEqual([executor, memoryMb]);
});
