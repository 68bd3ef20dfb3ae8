import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { spawnSync } from "node:child_process";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildFunction } from "./build.ts";
import { loadedBytes } from "./size.ts";
import { FUNCTION_SOURCES, type FunctionName } from "./sources.ts";

const KB = 1_024;
/** What each function may load before its first event. The scheduler's is a promise; the others keep what they have. */
const LOADED_BYTES_MAX: Readonly<Record<FunctionName, number>> = {
  scheduler: 450 * KB,
  tick: 320 * KB,
  register: 760 * KB, // It is called by deployments alone, and reads what they have uploaded.
  executor: 300 * KB,
};

const folder = mkdtempSync(join(tmpdir(), "freshet-bundles-"));
const built = new Map<string, Metafile>();

beforeAll(async () => {
  for (const [name, entries] of Object.entries(FUNCTION_SOURCES)) {
    built.set(name, await buildFunction(entries, join(folder, name), "environment"));
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a module in a process of its own; what it says. */
function run(script: string, ...args: readonly string[]): string {
  const env = { AWS_REGION: "eu-west-1", PATH: process.env["PATH"] ?? "" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script, ...args], {
    encoding: "utf8",
    env,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe("a function", () => {
  test.each(Object.entries(LOADED_BYTES_MAX))("%s loads at most %i bytes before its first event", (name, max) => {
    expect(loadedBytes(built.get(name) ?? { outputs: {} })).toBeLessThanOrEqual(max);
  });

  test("loads neither S3's client, nor EventBridge's, nor schemas of params, nor dates before they are asked for", () => {
    const { outputs = {} } = built.get("scheduler") ?? {};
    const [, handler] = Object.entries(outputs).find(([path]) => path.endsWith("/handler.mjs")) ?? [];
    const inputs = Object.keys(handler?.inputs ?? {}).join("\n");

    expect(inputs).not.toMatch(/luxon|aws\/s3\/s3|client-eventbridge|zod\/v4\/classic/);
  });

  test("finds whatever it loads on demand, with all that it imports from it", () => {
    const modules = readdirSync(join(folder, "scheduler")).filter((file) => file !== "handler.mjs");
    const said = run(
      "for (const url of process.argv.slice(1)) await import(url); console.log('all');",
      ...modules.map((file) => pathToFileURL(join(folder, "scheduler", file)).href),
    );

    expect(said.trim()).toBe("all");
  });
});

describe("cron expressions, without the dates of their library", () => {
  const EXPRESSIONS =
    `* * * * *|*/7 3-5 * * *|0 4 1,15 * 1-5|30 2 L * *|0 0 29 2 *|@weekly|5 5 * JAN-MAR SUN,7|61 * * * *
    |0 0 30 2 *|* * * *|0 0 31 4,6 *|0 0 * * 1#2|H * * * *|5-1 * * * *|0 0 1-5/40 * *`.split("|");
  const ASK = `const { cronFault, nextWall } = await import(process.argv[1]);
    const asked = JSON.parse(process.argv[2]).map((text) => {
      const fault = cronFault(text);
      return fault ?? [nextWall(text, 0), nextWall(text, 1_700_000_000_000)];
    });
    console.log(JSON.stringify(asked));`;

  test("are read as they are with them", async () => {
    await buildFunction({ cron: "shared/core/schedule/cron.ts" }, join(folder, "cron"), "environment");
    const asked = JSON.stringify(EXPRESSIONS);
    const original = new URL("../../shared/core/schedule/cron.ts", import.meta.url).href;

    const trimmed = run(ASK, pathToFileURL(join(folder, "cron", "cron.mjs")).href, asked);

    expect(JSON.parse(trimmed)).toEqual(JSON.parse(run(ASK, original, asked)));
  });
});
