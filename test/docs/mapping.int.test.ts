import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { aCommandLine } from "../builders/command-line.ts";
import { examplesIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, "docs/mapping.md"), "utf8");
const { files, failures } = examplesIn(page);

// Inside the project, so that `import … from "freshet"` is what it is for an author.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/mapping-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, code] of files) writeFileSync(join(folder, name), code);

const EMPTY_COLUMNS = / +$/gm;
/** Without what differs each time; columns as wide as what is in them. */
const steady = (text: string): string =>
  text
    .replaceAll(/\.manual\.[0-9TZ-]+-[0-9a-z]+/g, ".manual.ID")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "TIME")
    .replaceAll(/\d\d:\d\d:\d\d\.\d{3}/g, "TIME")
    .replaceAll(/\d+(\.\d+)?(ms|s)\b/g, "T")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(EMPTY_COLUMNS, "");

test("docs/mapping.md shows what its commands say", { timeout: 60_000 }, async () => {
  const line = await aCommandLine(folder);
  try {
    await line.withFixtures("run", "shards");
    for (const [, command = "", shown = ""] of page.matchAll(/```console\n\$ freshet (.*)\n([^]*?)```/g)) {
      const argv = command.replaceAll("'", "").split(" ");
      const { out, err } = await line.freshet(...argv);

      expect(err).toBe("");
      expect(steady(out)).toBe(steady(shown));
    }
  } finally {
    await line.close();
  }
});

/** What the compiler says of a file; nothing, if it compiles. */
function compilerMessage(name: string, code: string): string {
  writeFileSync(join(folder, name), code);
  const options = { extends: join(ROOT, "tsconfig.json"), files: [name], include: [], exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  try {
    return execFileSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" });
  } catch (error) {
    return String((error as { readonly stdout: unknown }).stdout);
  }
}

test.each([...files])("%s compiles without a message", { timeout: 60_000 }, (name, code) => {
  expect(compilerMessage(name, code)).toBe("");
});

test.each(failures.map(({ code, message }) => [message, code] as const))(
  "the compiler says: %s",
  { timeout: 60_000 },
  (message, code) => {
    expect(message).not.toBe("");
    expect(compilerMessage("failure.ts", code)).toContain(message);
  },
);
