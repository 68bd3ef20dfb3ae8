import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { every } from "freshet";
import { afterAll, describe, expect, test } from "vitest";
import { checkedRelease } from "./checked-release.ts";
import type { CompiledRelease } from "./compile.ts";
import type { EnvironmentConfig } from "./config.ts";
import { environments } from "./environments.ts";
import { FRESHET_ROOT } from "./project.ts";

const scratch = mkdtempSync(join(tmpdir(), "freshet-release-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const local = environments["local"] as EnvironmentConfig;

describe("what the synthesis refuses", () => {
  const refused = (config: object, dags = "dags"): (() => CompiledRelease) => {
    const given = { ...local, ...config } as EnvironmentConfig;
    const where = { projectRoot: FRESHET_ROOT, dags, out: join(scratch, "refused") };
    return () => checkedRelease({ environment: "test", config: given, ...where });
  };

  test("all of it in one pass: settings, schedules, DAGs and buckets that are not there", () => {
    const dags = { daily_revenu: null, daily_revenue: "0 3 * * *" };

    let said = "";
    try {
      refused({ memoryMb: 1, buckets: {}, schedules: { default: "as written", dags } })();
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said.split("\n").filter((line) => line.startsWith("error"))).toEqual([
      "error[ENV003]: environment 'test': memoryMb is 1 (a number), expected a whole number from 128 to 10240",
      "error[ENV004]: environment 'test': schedules.dags.daily_revenu: there is no dag 'daily_revenu'; did you mean 'daily_revenue'?",
      "error[ENV005]: environment 'test': dag 'process_new_orders' waits for objects in bucket 'data-lake', which is not in buckets; there is none",
      expect.stringContaining(
        "error[DAG007]: environment 'test': schedules.dags.daily_revenue: schedule is \"0 3 * * *\" (text)",
      ),
      "error[INVALID_DAG]: nothing was compiled: 3 errors",
    ]);
  });

  test("DAGs that have errors, in their own words, also where the environment has some", () => {
    expect(refused({ schedules: "never" }, "no-such-folder")).toThrow(
      /schedules is "never"[^]*the folder of DAGs 'no-such-folder' cannot be read/,
    );
  });
});

test("an environment's schedule takes the place of the written one", () => {
  const config = {
    ...local,
    schedules: { default: "none", dags: { daily_revenue: every.day({ at: "12:00" }) } },
  } as const;
  const where = { projectRoot: FRESHET_ROOT, dags: "dags", out: join(scratch, "rescheduled") };

  const { release } = checkedRelease({ environment: "test", config, ...where });

  const daily = release.dags.find(({ manifest }) => manifest.dagId === "daily_revenue")?.manifest;
  expect([daily?.schedule, daily?.writtenSchedule]).toMatchObject([
    { expressions: ["0 12 * * *"] },
    { expressions: ["0 4 * * *"] },
  ]);
});

test("a thin environment tells its DAGs how far back it holds data", () => {
  const where = { projectRoot: FRESHET_ROOT, dags: "dags", out: join(scratch, "thin") };

  const { release } = checkedRelease({ environment: "thin", config: { ...local, dataWindow: "7d" }, ...where });

  expect(release.dags.map(({ manifest }) => manifest.dataWindowMs)).toEqual([604_800_000, 604_800_000]);
});
