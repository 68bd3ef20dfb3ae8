import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { COMMANDS } from "../../cli/commands.ts";
import { createProgram } from "../../cli/program.ts";
import { createTerminal } from "../../cli/output/terminal.ts";
import { cliReference, MARK } from "../../scripts/lib/cli-reference.ts";

const doc = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");

test("docs/cli.md has every command, option and example there is, and no other (`node scripts/cli-reference.ts`)", () => {
  expect(doc.split(MARK)[1]?.trim()).toBe(cliReference(COMMANDS).trim());
});

test("the help lists the commands that docs/cli.md has", () => {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const program = createProgram(createTerminal(nowhere, nowhere), async () => undefined);

  const documented = [...doc.matchAll(/^## freshet (\S+)$/gm)].map(([, name]) => name);

  expect(program.commands.map((command) => command.name())).toEqual(documented);
});
