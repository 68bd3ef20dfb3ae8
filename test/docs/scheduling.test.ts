import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { PreviewRow } from "../../shared/dsl/preview.ts";
import { examplesIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/scheduling.md");
const page = readFileSync(PAGE, "utf8");

// Inside the project, so that `import … from "freshet"` is what it is for an author.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/scheduling-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the page shows them: when on the local clock, what is covered, and what clocks do to it. */
const rowText = ({ dueLocal, dataInterval: { start, end }, note }: PreviewRow): string =>
  `${dueLocal}  covers ${start} - ${end}${note === null ? "" : `\n    ${note}`}`;

async function rowsOf(name: string, code: string): Promise<string> {
  writeFileSync(join(folder, name), code);
  const { rows } = (await import(join(folder, name))) as { readonly rows: readonly PreviewRow[] };
  return rows.map(rowText).join("\n");
}

test("docs/scheduling.md shows what its examples give (`npx vitest run test/docs -u`)", async () => {
  const tables: string[] = [];
  for (const [name, code] of examplesIn(page).files) tables.push(await rowsOf(name, code));

  const shown = page.replaceAll(/```text\n[^]*?```/g, () => `\`\`\`text\n${tables.shift() ?? ""}\n\`\`\``);

  expect(tables).toEqual([]);
  await expect(shown).toMatchFileSnapshot(PAGE);
});
