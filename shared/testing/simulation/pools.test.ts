import { expect, test } from "vitest";
import { aSchedule, aManifest, aTaskSpec } from "../../../test/builders/manifest.ts";
import { poolId } from "../../core/ids.ts";
import { readPeriod } from "./given.ts";
import type { SimulateOptions } from "./options.ts";
import { runPeriod } from "./run-period.ts";

const WAREHOUSE = poolId("warehouse");
const loads = ["a", "b", "c", "d"].map((id) => aTaskSpec(id, { pools: [{ pool: WAREHOUSE, slots: 1 }] }));
const manifest = aManifest({
  schedule: aSchedule(),
  tasks: loads,
  pools: [{ pool: WAREHOUSE, slots: 4 }],
});
const DAY: SimulateOptions = { from: "2026-03-01", to: "2026-03-01", durations: { "*": "10m" } };
const simulated = (options: SimulateOptions) => runPeriod(readPeriod(manifest, options));

test("nothing waits in a pool that is wide enough", async () => {
  const { totals } = await simulated(DAY);

  expect(totals.pools).toEqual([{ name: "warehouse", slots: 4, waits: 0, medianMs: 0, longestMs: 0 }]);
  expect(totals.lengthMs.longest).toBe(600_000);
});

test("tasks wait for the slots of a narrow pool, and the report says how long", async () => {
  const { totals, runs } = await simulated({ ...DAY, pools: { warehouse: 1 } });

  expect(runs[0]?.endedAt).toBe("2026-03-01T04:40:00Z");
  expect(totals.pools).toEqual([{ name: "warehouse", slots: 1, waits: 3, medianMs: 1_200_000, longestMs: 1_800_000 }]);
});

test.each([
  [{ warehose: 1 }, "pools: dag 'orders' uses no pool 'warehose'; did you mean 'warehouse'?"],
  [{ warehouse: 0.5 }, "pools: pool 'warehouse' has 0.5 slots; expected a whole number from 1"],
])("%o is refused", (pools, message) => {
  expect(() => readPeriod(manifest, { ...DAY, pools })).toThrow(message);
});

test("a pool in which a task could never run is refused", () => {
  const wide = { ...manifest, tasks: [aTaskSpec("wide", { pools: [{ pool: WAREHOUSE, slots: 3 }] })] };

  expect(() => readPeriod(wide, { ...DAY, pools: { warehouse: 2 } })).toThrow(
    "pools: task 'wide' takes 3 slots of 'warehouse', which has 2: it would never run",
  );
});
