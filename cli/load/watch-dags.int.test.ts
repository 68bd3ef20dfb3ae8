import { renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aDagFile, aDagProject, type DagProject } from "../../test/builders/dag-project.ts";
import { watchDags, type DagWatch } from "./watch-dags.ts";

let project: DagProject;
let watch: DagWatch | undefined;
let changes: (readonly string[])[];

beforeEach(async () => {
  project = await aDagProject();
  project.write("dags/a.dag.ts", aDagFile("a"));
  changes = [];
});

afterEach(async () => {
  await watch?.close();
  await project.close();
});

async function aWatch(): Promise<DagWatch> {
  watch = await watchDags({
    dagsDir: project.dagsDir,
    except: join(project.dagsDir, "home"),
    onChange: (files) => changes.push(files.toSorted()),
    onFault: (error) => {
      throw error;
    },
  });
  return watch;
}

async function told(): Promise<readonly string[]> {
  for (const end = Date.now() + 20_000; changes.length === 0; await delay(10)) {
    if (Date.now() > end) throw new Error("nothing was told within 20 s");
  }
  await delay(200);
  return [...new Set(changes.flat())].toSorted();
}

test("a file that is saved is told", async () => {
  await aWatch();

  const file = project.write("dags/a.dag.ts", aDagFile("b"));

  expect(await told()).toEqual([file]);
});

test("files that come, go, or are replaced by a move are told", async () => {
  await aWatch();
  const draft = project.write("draft.ts", aDagFile("c"));

  const added = project.write("dags/deep/b.dag.ts", aDagFile("b"));
  renameSync(draft, join(project.dagsDir, "a.dag.ts"));

  expect(await told()).toEqual([join(project.dagsDir, "a.dag.ts"), added]);
});

test("a file elsewhere is told once it is followed", async () => {
  const file = project.write("lib/table.ts", "export const table = 1;\n");
  const own = await aWatch();
  own.follow([file]);
  await delay(300);

  project.write("lib/table.ts", "export const table = 2;\n");

  expect(await told()).toEqual([file]);
});

test("packages, hidden folders, the home and data are no matter", async () => {
  await aWatch();

  for (const name of ["node_modules/x/i.js", ".git/x.ts", "home/x.json", "rows.csv"])
    project.write(`dags/${name}`, "1");
  const file = project.write("dags/a.dag.ts", aDagFile("b"));

  expect(await told()).toEqual([file]);
});

test("what is saved in one go is told in one go", async () => {
  await aWatch();

  for (let n = 0; n < 20; n++) project.write(`dags/${n}.dag.ts`, aDagFile(`d${n}`));

  expect(await told()).toHaveLength(20);
  expect(changes.length).toBeLessThan(5);
});
