import { expect, test } from "vitest";
import { taskId } from "../../core/ids.ts";
import type { RunnerInput } from "../../core/task-host.ts";
import { aDispatch, anAttemptKey, aRunContext } from "../../../test/builders/index.ts";
import { createShortTasks, LONG_TASK_MS, type ShortTasks } from "./short-tasks.ts";

const BUNDLE = "b".repeat(64);

const anInputOf = (task: string, bundle = BUNDLE): RunnerInput => ({
  dispatch: aDispatch({ key: anAttemptKey({ taskId: taskId(task) }), run: aRunContext({ bundle }) }),
  outputs: {},
  files: [],
});

/** A bundle whose tasks were all short, often enough. */
function aShortBundle(): ShortTasks {
  const short = createShortTasks();
  for (let n = 0; n < 50; n++) short.ended(anInputOf("load"), 1);
  return short;
}

test("tasks of a bundle of which little has run are not sent ahead", () => {
  const short = createShortTasks();
  short.ended(anInputOf("load"), 1);

  expect(short.isShort(anInputOf("load"))).toBe(false);
});

test("tasks of a bundle that has proved short are, also those that never ran", () => {
  expect(aShortBundle().isShort(anInputOf("other"))).toBe(true);
});

test("another bundle has to prove itself", () => {
  expect(aShortBundle().isShort(anInputOf("load", "c".repeat(64)))).toBe(false);
});

test("a long task makes its bundle prove itself again", () => {
  const short = aShortBundle();

  short.ended(anInputOf("extract"), LONG_TASK_MS + 1);

  expect(short.isShort(anInputOf("load"))).toBe(false);
});

test("one that a busy machine held up does not", () => {
  const short = aShortBundle();
  for (let n = 0; n < 50; n++) short.ended(anInputOf("load"), 1);

  short.ended(anInputOf("extract"), LONG_TASK_MS - 1);

  expect(short.isShort(anInputOf("extract"))).toBe(true);
});

test("a task that was once long stays alone in its process", () => {
  const short = aShortBundle();
  short.ended(anInputOf("extract"), LONG_TASK_MS + 1);

  for (let n = 0; n < 50; n++) short.ended(anInputOf("load"), 1);

  expect([short.isShort(anInputOf("load")), short.isShort(anInputOf("extract"))]).toEqual([true, false]);
});

test("a bundle whose native code prints is never sent ahead: nobody would know which attempt it was", () => {
  const short = aShortBundle();
  short.printed(BUNDLE);

  for (let n = 0; n < 50; n++) short.ended(anInputOf("load"), 1);

  expect(short.isShort(anInputOf("load"))).toBe(false);
});
