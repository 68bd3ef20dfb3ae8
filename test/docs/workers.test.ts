import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compileModule } from "../../shared/dsl/compile.ts";
import { examplesIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const { files } = examplesIn(readFileSync(join(ROOT, "docs/workers.md"), "utf8"));

// Inside the project, so that `import … from "freshet"` is what it is for an author.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/workers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([...files])("%s of docs/workers.md is a DAG with a task for workers", async (file, code) => {
  writeFileSync(join(folder, file), code);
  const exports = (await import(join(folder, file))) as object;

  const { problems, manifests } = compileModule({ file, exports });

  expect(problems).toEqual([]);
  expect(manifests.flatMap(({ tasks }) => tasks.map(({ executor }) => executor))).toEqual(["lambda", "worker"]);
});
