import { execFile } from "node:child_process";
import { cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aFolder } from "../test/builders/index.ts";
import { REPOSITORY } from "../test/builders/command-line.ts";

const DAG = `import { dag, task } from "freshet";
export default dag("hello", { tasks: [task("hello", { run: () => console.log("hello from a package") })] });
`;
const TEST = `import { test } from "node:test";
import { testTask } from "freshet/testing";
import { task } from "freshet";
test("works", async () => void (await testTask(task("one", { run: () => 1 }))));
`;

/** A project in whose `node_modules` Freshet lies as npm puts it there: as files, where Node runs no TypeScript. */
let project: Awaited<ReturnType<typeof aFolder>>;
beforeAll(async () => {
  project = await aFolder();
  const modules = join(project.path, "node_modules");
  for (const part of ["cli", "shared", "package.json"])
    await cp(join(REPOSITORY, part), join(modules, "freshet", part), { recursive: true });
  for (const name of await readdir(join(REPOSITORY, "node_modules")))
    if (!name.startsWith(".")) await symlink(join(REPOSITORY, "node_modules", name), join(modules, name));
  await mkdir(join(project.path, "dags"));
  await writeFile(join(project.path, "package.json"), "{}");
  await writeFile(join(project.path, "dags/hello.dag.ts"), DAG);
  await writeFile(join(project.path, "hello.test.mjs"), TEST);
});
afterAll(() => project.remove());

const node = async (...argv: readonly string[]): Promise<string> => {
  const { FRESHET_HOME: _, ...env } = process.env;
  return (await promisify(execFile)(process.execPath, argv, { cwd: project.path, env })).stdout;
};

test("installed as a package, it loads and runs the DAGs of the project", async () => {
  const out = await node("node_modules/freshet/cli/bin/freshet.mjs", "run", "hello");

  expect(out).toMatch(/hello +\| hello from a package\nhello +success/);
});

test("and its library is there for tests, with freshet/register", async () => {
  const out = await node("--import", "freshet/register", "--test", "hello.test.mjs");

  expect(out).toMatch(/pass 1\n/);
});
