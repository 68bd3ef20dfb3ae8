import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cruise, cruiseTree } from "../../scripts/lib/cruise.ts";

const REPOSITORY = join(import.meta.dirname, "../..");

/** Everything each folder may do. If one of these were refused, a refusal below would prove nothing. */
const ALLOWED = {
  "shared/core/run.ts": 'import "./schedule/cron.ts"; export type Run = string;',
  "shared/core/run.test.ts":
    'import "vitest"; import "fast-check"; import "./run.ts"; import "../../test/builders/run.ts";',
  "shared/core/schedule/cron.ts": 'import "cron-parser";',
  "shared/dsl/index.ts": 'import "../core/run.ts"; export const dag = 1;',
  "shared/ports/run-store.ts": 'import type { Run } from "../core/run.ts"; export type Store = Run;',
  "shared/contract/message.ts": 'import "zod"; import "../core/run.ts"; export type Message = 1;',
  "shared/app/tick.ts": 'import "../core/run.ts"; import "../contract/message.ts"; import "../ports/run-store.ts";',
  "shared/simulated/runs.ts": 'import "node:crypto"; import "../app/tick.ts"; import "../ports/run-store.ts";',
  "shared/testing/index.ts": 'import "node:fs"; import "../dsl/index.ts"; import "../simulated/runs.ts";',
  "dags/orders.test.ts": 'import "freshet/testing";',
  "shared/aws/runs.ts": 'import "@aws-sdk/client-dynamodb"; import "node:stream"; import "../ports/run-store.ts";',
  "shared/embedded/runs.ts": 'import "node:sqlite"; import "chokidar"; import "../ports/run-store.ts";',
  "cli/main.ts":
    'import "commander"; import "node:util"; import "../shared/app/tick.ts"; import "../shared/embedded/runs.ts";',
  "cli/bin/freshet.mjs": 'await import("../main.ts");',
  "dags/orders.dag.ts": 'import "freshet"; import "@duckdb/node-api"; import "./lib/money.ts";',
  "dags/lib/money.ts": "export const cents = 1;",
  "lambdas/advance/handler.ts": 'import "./wiring.ts"; import "../../shared/app/tick.ts";',
  "lambdas/advance/wiring.ts": 'import "../../shared/aws/runs.ts";',
  "lambdas/tick/handler.ts": 'import "../../shared/app/tick.ts";',
  "workers/main.ts": 'import "@aws-lambda-powertools/logger"; import "../shared/aws/runs.ts"; import "node:os";',
  "console/page.ts": 'import type { Message } from "../shared/contract/message.ts"; export type Page = Message;',
  "test/builders/run.ts": 'import "../../shared/core/run.ts";',
  "bench/run.ts": 'import "../shared/embedded/runs.ts";',
};

/** One fault each: the file, what it must not import, and the rule that has to say so. */
const PLANTED: readonly (readonly [file: string, source: string, rule: string, imports: string])[] = [
  ["shared/core/a.ts", 'import "../aws/runs.ts";', "core-imports", "shared/aws/runs.ts"],
  ["shared/core/b.ts", 'import "@aws-sdk/client-s3";', "core-imports", "@aws-sdk/client-s3"],
  ["shared/core/c.ts", 'import "node:fs";', "core-imports", "fs"],
  ["shared/core/d.ts", 'import "cron-parser";', "core-imports", "cron-parser"],
  [
    "shared/core/e.ts",
    'import type { Store } from "../ports/run-store.ts"; export type E = Store;',
    "core-imports",
    "shared/ports/run-store.ts",
  ],
  ["shared/core/f.ts", 'export const f = import("../aws/runs.ts");', "core-imports", "shared/aws/runs.ts"],
  [
    "shared/core/g.ts",
    'export type { Store } from "../ports/run-store.ts";',
    "core-imports",
    "shared/ports/run-store.ts",
  ],
  ["shared/core/h.test.ts", 'import "../aws/runs.ts";', "core-test-imports", "shared/aws/runs.ts"],
  ["shared/core/schedule/cron.ts", 'import "cron-parser"; import "zod";', "core-cron-imports", "zod"],
  ["shared/dsl/a.ts", 'import "zod";', "dsl-imports", "zod"],
  ["shared/ports/a.ts", 'import "../app/tick.ts";', "ports-imports", "shared/app/tick.ts"],
  ["shared/contract/a.ts", 'import "../dsl/index.ts";', "contract-imports", "shared/dsl/index.ts"],
  ["workers/a.ts", 'import "../lambdas/tick/handler.ts";', "workers-imports", "lambdas/tick/handler.ts"],
  ["shared/app/a.ts", 'import "../embedded/runs.ts";', "app-imports", "shared/embedded/runs.ts"],
  ["shared/app/b.ts", 'import "node:crypto";', "app-imports", "crypto"],
  ["shared/simulated/a.ts", 'import "../embedded/runs.ts";', "simulated-imports", "shared/embedded/runs.ts"],
  ["shared/testing/a.ts", 'import "../embedded/runs.ts";', "testing-imports", "shared/embedded/runs.ts"],
  ["dags/b.dag.ts", 'import "freshet/testing";', "dags-imports", "shared/testing/index.ts"],
  ["shared/aws/a.ts", 'import "../app/tick.ts";', "aws-imports", "shared/app/tick.ts"],
  ["shared/embedded/a.ts", 'import "../aws/runs.ts";', "embedded-imports", "shared/aws/runs.ts"],
  ["cli/a.ts", 'import "../dags/lib/money.ts";', "cli-imports", "dags/lib/money.ts"],
  ["dags/a.dag.ts", 'import "../shared/app/tick.ts";', "dags-imports", "shared/app/tick.ts"],
  ["lambdas/advance/a.ts", 'import "../tick/handler.ts";', "lambdas-imports", "lambdas/tick/handler.ts"],
  ["infra/a.ts", 'import "../lambdas/tick/handler.ts";', "infra-imports", "lambdas/tick/handler.ts"],
  ["console/a.ts", 'import "../shared/contract/message.ts";', "console-types-only", "shared/contract/message.ts"],
  ["console/b.ts", 'import "../shared/app/tick.ts";', "console-imports", "shared/app/tick.ts"],
  ["shared/app/c.ts", 'import "../../test/builders/run.ts";', "nothing-imports-tests", "test/builders/run.ts"],
  ["shared/app/d.ts", 'import "../core/run.test.ts";', "nothing-imports-tests", "shared/core/run.test.ts"],
  ["cli/b.ts", 'import "../bench/run.ts";', "nothing-imports-bench", "bench/run.ts"],
  ["elsewhere/a.ts", 'import "../shared/core/run.ts";', "only-known-folders", "shared/core/run.ts"],
  ["cli/c.ts", 'import "no-such-package";', "no-unresolvable", "no-such-package"],
  ["cli/d.ts", 'import "vitest";', "no-development-packages", "vitest"],
  ["cli/e.ts", 'import "lightningcss";', "no-undeclared-packages", "lightningcss"],
  ["shared/core/alone.ts", "export const alone = 1;", "no-orphans", "shared/core/alone.ts"],
];

const trees: string[] = [];

/** Inside the repository, so that packages are found; in a folder that git and the checkers leave out. */
function plant(files: Readonly<Record<string, string>>): string {
  mkdirSync(join(REPOSITORY, "tmp"), { recursive: true });
  const tree = mkdtempSync(join(REPOSITORY, "tmp/boundaries-"));
  trees.push(tree);
  cpSync(join(REPOSITORY, "package.json"), join(tree, "package.json"));
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), source);
  }
  return tree;
}

afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true });
});

test("lets every folder import what the table gives it", async () => {
  const { faults, unread, modules } = await cruiseTree(plant(ALLOWED));

  expect(faults).toEqual([]);
  expect(unread).toEqual([]);
  expect(modules).toBe(Object.keys(ALLOWED).length);
});

describe("reports", () => {
  let found: Cruise;

  beforeAll(async () => {
    const planted = Object.fromEntries(PLANTED.map(([file, source]) => [file, source]));
    const cycle = { "shared/app/one.ts": 'import "./two.ts";', "shared/app/two.ts": 'import "./one.ts";' };
    found = await cruiseTree(plant({ ...ALLOWED, ...planted, ...cycle }));
  });

  test.each(PLANTED)("%s with %s", (file, _source, rule, imports) => {
    const reported = found.faults.filter(({ from }) => from === file);

    expect(reported).toContainEqual({ rule, from: file, to: expect.stringContaining(imports) });
  });

  test("a cycle, and the way round", () => {
    const cycles = found.faults.filter(({ rule }) => rule === "no-cycles").map(({ to }) => to);

    expect(cycles).toContain("shared/app/two.ts → shared/app/one.ts");
  });

  test("a violation of every rule there is", () => {
    const seen = new Set(found.faults.map(({ rule }) => rule));
    // Made with the rule of the same folder; one of them is planted.
    const unseen = found.rules.filter((rule) => !seen.has(rule) && !rule.endsWith("-test-imports"));

    expect(unseen).toEqual([]);
  });

  test("nothing else", () => {
    const culprits = new Set([...PLANTED.map(([file]) => file), "shared/app/one.ts", "shared/app/two.ts"]);

    expect(found.faults.filter(({ from }) => !culprits.has(from))).toEqual([]);
  });
});
