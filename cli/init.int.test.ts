import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aCommandLine, REPOSITORY, type CommandLine } from "../test/builders/command-line.ts";
import { aFolder } from "../test/builders/index.ts";

let place: Awaited<ReturnType<typeof aFolder>>;
let line: CommandLine;
beforeEach(async () => {
  place = await aFolder();
  line = await aCommandLine();
});
afterEach(async () => {
  await line.close();
  await place.remove();
});

const node = (cwd: string, ...argv: readonly string[]): Promise<{ readonly stdout: string }> =>
  promisify(execFile)(process.execPath, argv, { cwd });

/** As `npm install` does it with the dependencies that the project names. */
async function install(project: string): Promise<void> {
  const modules = join(project, "node_modules");
  await mkdir(join(modules, "@types"), { recursive: true });
  await symlink(REPOSITORY, join(modules, "freshet"));
  for (const name of ["@types/node", "undici-types", "zod"])
    await symlink(join(REPOSITORY, "node_modules", name), join(modules, name));
}

test("makes a project that compiles, whose pipeline runs and whose test passes", async () => {
  const project = join(place.path, "My Pipelines");

  const { exit, out } = await line.freshet("init", project);

  await install(project);
  const checked = await node(project, join(REPOSITORY, "node_modules/typescript/bin/tsc"));
  const tested = await node(project, "--import", "freshet/register", "--test");
  const run = await line.freshet("run", "readings", "--dags", join(project, "dags"));
  expect([exit, checked.stdout, run.exit]).toEqual([0, "", 0]);
  expect(out).toMatch(/^made {2}package\.json\n[^]*next\n {2}cd .*My Pipelines\n {2}npm install\n/);
  expect(tested.stdout).toMatch(/pass 2\n/);
  expect(JSON.parse(readFileSync(join(project, "package.json"), "utf8"))).toMatchObject({
    name: "my-pipelines",
    type: "module",
    dependencies: { freshet: `file:${REPOSITORY}` },
  });
});

test("leaves what is there as it is, and says what a package.json needs", async () => {
  await writeFile(join(place.path, "package.json"), "{}");

  const { exit, out } = await line.freshet("init", place.path);

  expect([exit, readFileSync(join(place.path, "package.json"), "utf8")]).toEqual([0, "{}"]);
  expect(out).toContain("left  package.json, which is there already\n");
  expect(out).toMatch(/your package\.json needs "type": "module", and:\n {2}npm install .* zod@/);
});

test("where no folder can be made says so", async () => {
  await writeFile(join(place.path, "file"), "");

  const { exit, err } = await line.freshet("init", join(place.path, "file/project"));

  expect([exit, err, existsSync(join(place.path, "file/project"))]).toEqual([
    2,
    expect.stringMatching(/^error\[USAGE\]: no project can be made in '.*' \(ENOTDIR\); name another folder/),
    false,
  ]);
});
