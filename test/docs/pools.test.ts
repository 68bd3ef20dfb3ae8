import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Problem } from "../../shared/core/problem.ts";
import { compileModule } from "../../shared/dsl/compile.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/pools.md");
const page = readFileSync(PAGE, "utf8");

// Inside the project, so that `import … from "freshet"` is what it is for an author.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/pools-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Example {
  readonly info: string;
  readonly name: string;
  readonly code: string;
}

const examples: readonly Example[] = [...page.matchAll(/```ts([^\n]*)\n([\s\S]*?)```/g)].map(
  ([, info = "", code = ""]) => ({
    info,
    name: /\bfile=(\S+)/.exec(info)?.[1] ?? "",
    code,
  }),
);

const problemText = ({ level, code, message, at, labels = [], help }: Problem): string =>
  [
    `${level}[${code}]: ${message}`,
    ...(at === undefined ? [] : [`  --> ${at.file}:${at.line}:${at.column}`]),
    ...labels.map(({ at: place, text }) => `   = note: ${text}: ${place.file}:${place.line}:${place.column}`),
    ...(help === undefined ? [] : [`   = help: ${help}`]),
  ].join("\n");

test("docs/pools.md shows what its examples give (`npx vitest run test/docs -u`)", async () => {
  for (const { name, code } of examples) writeFileSync(join(folder, name), code);
  const texts: string[] = [];
  for (const { name, info } of examples) {
    const exports = (await import(join(folder, name))) as {
      readonly lines?: readonly string[];
      readonly default?: unknown;
    };
    if (exports.lines !== undefined) texts.push(exports.lines.join("\n"));
    if (exports.default === undefined) continue;
    const { problems } = compileModule({ file: name, exports });
    if (info.includes("problem")) texts.push(problems.map(problemText).join("\n"));
    else expect(problems).toEqual([]);
  }

  const shown = page.replaceAll(/```text\n[^]*?```/g, () => `\`\`\`text\n${texts.shift() ?? ""}\n\`\`\``);

  expect(texts).toEqual([]);
  await expect(shown).toMatchFileSnapshot(PAGE);
});
