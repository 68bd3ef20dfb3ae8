import { afterEach, beforeEach, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, NOON, aManifest } from "../../test/builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../../test/builders/steered-home.ts";
import { dagId } from "../core/ids.ts";
import { plus } from "../core/time.ts";
import { startRun } from "./start-run.ts";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
  await home.deploy(aManifest());
});
afterEach(async () => {
  await home.close();
});

const ask = (startAt = plus(NOON, 2 * HOUR_MS)) =>
  startRun(home.engine, { dagId: dagId("orders"), by: "ada", startAt });
const runs = async () => (await home.runs()).map(({ state, startedAt }) => [state, startedAt]);

test("a run that was asked for in advance starts when its time has come, and not before", async () => {
  await ask();
  await home.passTo(plus(NOON, 2 * HOUR_MS - 1));
  expect(await runs()).toEqual([["queued", null]]);

  await home.passTo(plus(NOON, 2 * HOUR_MS + MINUTE_MS));
  expect(await runs()).toEqual([["success", plus(NOON, 2 * HOUR_MS)]]);
});

test("it does not keep others from starting, nor is it let in with them", async () => {
  await ask();
  await ask(NOON);
  await ask(NOON);
  await home.settle();
  await home.passTo(plus(NOON, MINUTE_MS));

  const states = (await runs()).map(([state]) => state);
  expect([
    states.filter((state) => state === "success").length,
    states.filter((state) => state === "queued").length,
  ]).toEqual([2, 1]);
});

test("it is not forgotten if nothing was running when its time came", async () => {
  await ask();
  home.sleepTo(plus(NOON, 5 * HOUR_MS));
  await home.passTo(plus(NOON, 5 * HOUR_MS + 2 * MINUTE_MS));

  expect((await runs()).map(([state]) => state)).toEqual(["success"]);
});
