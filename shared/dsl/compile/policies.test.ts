import { expect, test } from "vitest";
import { manifestOf, problemOf, sales, taskSpecOf, work } from "../../../test/builders/definitions.ts";

const DAY_MS = 86_400_000;

test("a DAG that says nothing makes up for nothing, and lets the latest firing wait", () => {
  const { catchup, overlap, pauseAfterFailures, startWithinMs, allowedHours } = manifestOf(sales());

  expect([catchup, overlap, pauseAfterFailures, startWithinMs, allowedHours]).toEqual([
    null,
    "latest",
    null,
    null,
    null,
  ]);
});

test("what a DAG says of its runs is in its manifest", () => {
  const { catchup, overlap } = manifestOf(sales({ catchup: true }));
  expect([catchup, overlap]).toEqual([{ windowMs: 365 * DAY_MS }, "queue"]);

  const policies = {
    catchup: { window: "30d" },
    pauseAfterFailures: 5,
    startWithin: "2h",
    allowedHours: { from: "22:00", to: "24:00" },
  };
  expect(manifestOf(sales(policies))).toMatchObject({
    catchup: { windowMs: 30 * DAY_MS },
    pauseAfterFailures: 5,
    startWithinMs: DAY_MS / 12,
    allowedHours: { from: 1_320, to: 0 },
  });
});

test.each([
  [{ allowedHours: { from: "22:00", to: "22:00" } }, /allowedHours is .*expected two times of day/],
  [{ allowedHours: { from: "25:00", to: "06:00" } }, /allowedHours.from is '?"?25:00.*expected a time such as "22:00"/],
  [{ pauseAfterFailures: 0 }, /pauseAfterFailures is 0.*expected a whole number from 1/],
  [{ overlap: "skp" }, /overlap is .*did you mean "?'?skip/],
  [{ catchup: { window: "1s" } }, /catchup.window is .*no time at all/],
])("%j is refused", (options, message) => {
  expect(problemOf(sales(options))).toMatch(message);
});

test("a task may have hours of its own", () => {
  expect(taskSpecOf({ allowedHours: { from: "22:00", to: "06:00" } }).allowedHours).toEqual({ from: 1_320, to: 360 });
  expect(taskSpecOf({})).not.toHaveProperty("allowedHours");

  const wrong = work("load", { allowedHours: { from: "22:00", to: "6" } });
  expect(problemOf(sales({ tasks: [wrong] }))).toMatch(/task 'load'.*allowedHours.to is "?6/);
});
