import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REPOSITORY, aCommandLine, type CommandLine } from "../builders/command-line.ts";
import { examplesIn } from "./examples.ts";

const PAGE = readFileSync(join(REPOSITORY, "docs/operating.md"), "utf8");

/** What is typed, and what is then shown. */
const SESSIONS = [...PAGE.matchAll(/```console\n\$ freshet ([^\n]+)\n([\s\S]*?)```/g)].map(
  ([, typed = "", shown = ""]) => ({ typed, shown }),
);

let folder: string;
let line: CommandLine;
beforeAll(async () => {
  mkdirSync(join(REPOSITORY, "tmp"), { recursive: true });
  folder = mkdtempSync(join(REPOSITORY, "tmp/operating-"));
  for (const [name, code] of examplesIn(PAGE).files) writeFileSync(join(folder, name), code);
  line = await aCommandLine(folder);
  expect((await line.withFixtures("run", "orders")).exit).toBe(1);
});
afterAll(async () => {
  await line.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Without what differs each time, and with the width of columns. */
const steady = (text: string): string =>
  text
    .replaceAll(/orders\.manual\.[0-9TZ-]+-[0-9a-z]{6}/g, "orders.RUN")
    .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "TIME")
    .replaceAll(/\bversion [0-9a-f]{12}\b/g, "version VERSION")
    .replaceAll(/ +/g, " ")
    .replaceAll(/ +$/gm, "")
    .trim();

const words = (typed: string): readonly string[] =>
  [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

describe("docs/operating.md", () => {
  test("shows what its commands say, one after the other", async () => {
    expect(SESSIONS.length).toBeGreaterThan(7);
    for (const { typed, shown } of SESSIONS) {
      const { out, err } = await line.freshet(...words(typed));

      expect(steady(out + err), typed).toBe(steady(shown));
    }
  });
});
