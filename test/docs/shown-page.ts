/** A page whose blocks of text are what the blocks of code before them give: their `lines`, or the problems of their DAGs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Problem } from "../../shared/core/problem.ts";
import { compileModule } from "../../shared/dsl/compile.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Example {
  readonly info: string;
  readonly name: string;
  readonly code: string;
}

const examplesOf = (page: string): readonly Example[] =>
  [...page.matchAll(/```ts([^\n]*)\n([\s\S]*?)```/g)].map(([, info = "", code = ""]) => ({
    info,
    name: /\bfile=(\S+)/.exec(info)?.[1] ?? "",
    code,
  }));

const problemText = ({ level, code, message, at, labels = [], help }: Problem): string =>
  [
    `${level}[${code}]: ${message}`,
    ...(at === undefined ? [] : [`  --> ${at.file}:${at.line}:${at.column}`]),
    ...labels.map(({ at: place, text }) => `   = note: ${text}: ${place.file}:${place.line}:${place.column}`),
    ...(help === undefined ? [] : [`   = help: ${help}`]),
  ].join("\n");

/** Runs the examples of `docs/NAME.md`, and compares what they give with what it shows. */
export async function expectShown(name: string): Promise<void> {
  const path = join(ROOT, `docs/${name}.md`);
  const page = readFileSync(path, "utf8");
  // Inside the project, so that `import … from "freshet"` is what it is for an author.
  mkdirSync(join(ROOT, "tmp"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, `tmp/${name}-`));
  try {
    const texts = await textsOf(examplesOf(page), folder);
    const shown = page.replaceAll(/```text\n[^]*?```/g, () => `\`\`\`text\n${texts.shift() ?? ""}\n\`\`\``);
    expect(texts).toEqual([]);
    await expect(shown).toMatchFileSnapshot(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function textsOf(examples: readonly Example[], folder: string): Promise<string[]> {
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
  return texts;
}
