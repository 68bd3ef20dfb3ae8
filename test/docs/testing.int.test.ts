import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { aCommandLine } from "../builders/command-line.ts";
import { examplesIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/testing.md");
const page = readFileSync(PAGE, "utf8");
const { files, failures } = examplesIn(page);

// Inside the project, so that `import … from "freshet"` is what it is for an author.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/testing-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, code] of files) writeFileSync(join(folder, name), code);
for (const [index, { code }] of failures.entries()) writeFileSync(join(folder, `failure-${index}.ts`), code);

/** What a command of Node's prints, whether it fails or not. */
const outputOf = (...args: readonly string[]): Promise<string> =>
  promisify(execFile)(process.execPath, args, { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: unknown) => String((error as { readonly stdout?: unknown }).stdout),
  );

describe("docs/testing.md", () => {
  test("its examples compile, and what it says does not compile does not", async () => {
    const options = { extends: join(ROOT, "tsconfig.json"), include: ["*.ts"], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));

    const said = await outputOf(join(ROOT, "node_modules/typescript/bin/tsc"), "--project", folder);

    const errors = said.split("\n").filter((line) => line.includes(": error "));
    expect(errors.map((line) => line.replace(/^.*error TS\d+: /, ""))).toEqual(failures.map(({ message }) => message));
  });

  test.each([...files.keys()].filter((name) => name.endsWith(".test.ts")))("%s passes", async (name) => {
    const said = await outputOf("--test", "--test-reporter=tap", name);

    expect(said).toContain("# fail 0");
    expect(said).not.toContain("# pass 0");
  });

  test("its command prints what it shows (`npx vitest run test/docs -u`)", async () => {
    const line = await aCommandLine(folder);
    const [, command = ""] = /```sh\nfreshet (.*)\n```/.exec(page) ?? [];
    const argv = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

    const { out } = await line.withFixtures(...argv);
    await line.close();

    const shown = page.replace(
      /(```sh\n[^`]*```\n\n```text\n)[^`]*```/,
      (_, before: string) => `${before}${out}\`\`\``,
    );
    await expect(shown).toMatchFileSnapshot(PAGE);
  });
});
