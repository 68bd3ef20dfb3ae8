import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examplesIn } from "./examples.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");

let folder: string;
beforeAll(() => {
  mkdirSync(join(ROOT, "tmp"), { recursive: true });
  folder = mkdtempSync(join(ROOT, "tmp/readme-"));
  mkdirSync(join(folder, "dags"));
  for (const [name, code] of examplesIn(README).files) writeFileSync(join(folder, "dags", name), code);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freshet(...args: readonly string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "cli/bin/freshet.mjs"), ...args], {
    cwd: ROOT,
    env: { ...process.env, FRESHET_HOME: join(folder, "home"), NO_COLOR: "1" },
    encoding: "utf8",
  });
  return { code: status, output: stdout + stderr };
}

describe("the README", () => {
  test("shows a pipeline that is valid and publishes its day", () => {
    expect(freshet("validate", "--dags", join(folder, "dags")).code).toBe(0);

    const { code, output } = freshet("run", "readings", "--date", "2026-03-01", "--dags", join(folder, "dags"));

    expect(code, output).toBe(0);
    expect(readdirSync(join(folder, "home/buckets/data-lake/published/readings"))).toEqual(["date=2026-03-01"]);
  });

  test("names only commands that there are", () => {
    const help = freshet("--help").output;

    const named = [...README.matchAll(/npx freshet ([a-z]+)/g)].map(([, command]) => command ?? "");

    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((command) => !new RegExp(`^ {2}${command} `, "m").test(help))).toEqual([]);
  });

  test("links only to files that there are", () => {
    const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? "");

    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
