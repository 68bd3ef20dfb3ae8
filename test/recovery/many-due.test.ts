/** A thousand DAGs that are due in one tick, on the embedded stores; tasks are played in this process. */
import { expect, test } from "vitest";
import { tick } from "../../shared/app/tick.ts";
import { dagId } from "../../shared/core/ids.ts";
import { plus } from "../../shared/core/time.ts";
import { HOUR_MS, NOON, aManifest, aSchedule } from "../builders/index.ts";
import { aSteeredHome } from "../builders/steered-home.ts";

const DAGS = 1_000;
/** It takes 0.3 s of an idle machine; the one that tests may be busy. */
const WITHIN_MS = 5_000;

test("each of a thousand DAGs due in one tick has its run, in a moment", { timeout: 60_000 }, async () => {
  const home = await aSteeredHome();
  const schedule = aSchedule({ expression: "0 * * * *", interval: "hour" });
  for (let index = 0; index < DAGS; index++) await home.deploy(aManifest({ dagId: dagId(`d${index}`), schedule }));
  home.play(() => "never");
  home.sleepTo(plus(NOON, HOUR_MS));

  const began = performance.now();
  await tick(home.engine, plus(home.now(), HOUR_MS));
  await home.settle();
  const tookMs = performance.now() - began;
  const runs = await home.runs();
  await home.close();

  expect(runs).toHaveLength(DAGS);
  expect(tookMs).toBeLessThan(WITHIN_MS);
});
