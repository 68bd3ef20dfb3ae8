import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { aCommandLine } from "../builders/command-line.ts";
import { examplesIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/child-runs.md");
const page = readFileSync(PAGE, "utf8");

// Inside the project, so that `import … from "freshet"` is what it is for an author.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/child-runs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, code] of examplesIn(page).files) writeFileSync(join(folder, name), code);

const EMPTY_COLUMNS = / +$/gm;
/** Without what differs each time; columns as wide as what is in them. */
const steady = (text: string): string =>
  text
    .replaceAll(/\.(manual|child)\.[0-9TZ-]+-[0-9a-z]+/g, ".$1.ID")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "TIME")
    .replaceAll(/\d+(\.\d+)?(ms|s)\b/g, "T")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(EMPTY_COLUMNS, "");

test("docs/child-runs.md shows what its commands say", { timeout: 60_000 }, async () => {
  const line = await aCommandLine(folder);
  try {
    for (const [, command = "", shown = ""] of page.matchAll(/```console\n\$ freshet (.*)\n([^]*?)```/g)) {
      const argv = command.split(" ");
      const { out, err } = argv[0] === "run" ? await line.withFixtures(...argv) : await line.freshet(...argv);

      expect(err).toBe("");
      expect(steady(out)).toBe(steady(shown));
    }
  } finally {
    await line.close();
  }
});
