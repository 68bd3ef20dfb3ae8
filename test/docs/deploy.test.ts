import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { SchedulesConfig } from "../../infra/config.ts";
import { configProblems } from "../../infra/config-problems.ts";
import { environments } from "../../infra/environments.ts";
import type { Problem } from "../../shared/core/problem.ts";
import type { Task } from "../../shared/dsl/index.ts";
import { testTask } from "../../shared/testing/index.ts";
import { compileSchedule } from "../../shared/dsl/compile.ts";
import { examplesIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const { files } = examplesIn(readFileSync(join(ROOT, "docs/deploy.md"), "utf8"));

// Inside the project, so that `import … from "freshet"` is what it is for its user.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/deploy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the task that docs/deploy.md shows reads less where there is less", async () => {
  const path = join(folder, "sales.dag.ts");
  writeFileSync(path, files.get("sales.dag.ts") ?? "");
  const { history } = (await import(path)) as { readonly history: Task<"history", { readonly files: number }> };
  const lake = { "sales/2025-01-01.csv": "", "sales/2026-02-20.csv": "" };
  const filesRead = async (environment: object): Promise<number | undefined> =>
    (await testTask(history, { interval: "2026-03-01", buckets: { "data-lake": lake }, environment })).output?.files;

  expect([await filesRead({}), await filesRead({ name: "staging", dataWindow: "30d" })]).toEqual([2, 1]);
});

test("the schedules that docs/deploy.md shows are such as an environment may have", async () => {
  const path = join(folder, "environments.ts");
  writeFileSync(path, files.get("environments.ts") ?? "");
  const { schedules } = (await import(path)) as { readonly schedules: Exclude<SchedulesConfig, string> };
  const problems: Problem[] = [...configProblems("staging", { ...environments["staging"], schedules })];

  const specs = Object.values(schedules.dags).map((given) =>
    compileSchedule(given, { timezone: "UTC", deadlines: [] }, "schedule", problems),
  );

  expect(problems).toEqual([]);
  expect(specs).toMatchObject([{ expressions: ["0 12 * * *"] }, { timezone: "Europe/London" }, null]);
});
