import { afterEach, beforeEach, expect, test } from "vitest";
import { aDagFile, aDagProject, type DagProject } from "../../test/builders/dag-project.ts";
import { aPoolPlace, anInput, failureOf, never, type PoolPlace } from "../../test/builders/worker-pool.ts";
import { aDispatch, anAttemptKey, aRunContext } from "../../test/builders/index.ts";
import { dagId, taskId } from "../../shared/core/ids.ts";
import type { RunnerInput, RunnerResult } from "../../shared/core/task-host.ts";
import { createBlobStore } from "../../shared/embedded/files/blob-store.ts";
import { blobsOf } from "../../shared/embedded/worker/bundles.ts";
import { bundleKey } from "../../shared/ports/blob-store.ts";
import { BUNDLE_BYTES_MAX, bundleFiles, type CodeBundle } from "./bundle.ts";

let project: DagProject;
let place: PoolPlace | undefined;
const others: DagProject[] = [];

beforeEach(async () => {
  project = await aDagProject();
});

afterEach(async () => {
  await place?.close();
  place = undefined;
  await Promise.all([project, ...others.splice(0)].map(async (each) => each.close()));
});

async function bundled(file: string, root = project.root): Promise<CodeBundle> {
  const [result] = await bundleFiles([file], { root, cwd: root });
  if (result?.kind !== "bundled") throw new Error(`not bundled: ${JSON.stringify(result)}`);
  return result.bundle;
}

/** Runs task `work` of DAG `orders` from the bundle, in a worker process. */
async function run({ code, sha256 }: CodeBundle): Promise<RunnerResult> {
  place = await aPoolPlace();
  await createBlobStore({ root: blobsOf(place.home) }).put(bundleKey(sha256), code);
  const key = anAttemptKey({ taskId: taskId("work") });
  const dispatch = aDispatch({ key, run: aRunContext({ bundle: sha256, dagId: dagId("orders") }) });
  const input: RunnerInput = { ...anInput(sha256), dispatch };
  return place.pool({ projectRoot: project.root }).run(input, never());
}

test("a task runs from its bundle, with what its file imports", async () => {
  project.write("lib/rate.ts", "export const rate: number = 7;\n");
  project.write("lib/late.ts", "export const late: number = 8;\n");
  project.write("lib/rows.json", "[1, 2]");
  project.write("node_modules/money/package.json", `{"name":"money","version":"1.0.0","main":"index.js"}`);
  project.write("node_modules/money/index.js", "exports.cents = 100;");
  const before = `import { rate } from "../lib/rate.ts";
    import rows from "../lib/rows.json" with { type: "json" };
    import money from "money";
    import { join } from "node:path";`;
  const returns = `({ rate, rows, cents: money.cents, path: join("a", "b"), late: (await import("../lib/late.ts")).late })`;

  const result = await run(await bundled(project.write("dags/orders.dag.ts", aDagFile("orders", { before, returns }))));

  expect(result).toEqual({ kind: "success", output: { rate: 7, rows: [1, 2], cents: 100, path: "a/b", late: 8 } });
});

test("code that is too large is refused, with what is large in it", async () => {
  project.write("lib/prices.json", JSON.stringify("x".repeat(BUNDLE_BYTES_MAX)));
  const before = 'import prices from "../lib/prices.json" with { type: "json" };';
  const file = project.write("dags/orders.dag.ts", aDagFile("orders", { before, returns: "prices.length" }));

  const [result] = await bundleFiles([file], { root: project.root, cwd: project.root });

  expect(result).toMatchObject({
    kind: "failed",
    problems: [
      {
        code: "LOAD014",
        message: expect.stringMatching(
          /^the code of dags\/orders\.dag\.ts takes 10\.\d MB; at most 10\.0 MB are allowed: the largest are lib\/prices\.json 10\.0 MB, /,
        ) as string,
      },
    ],
  });
});

test("an error in a task names the line of the author's file", async () => {
  const before = `function fail(): never {\n  throw new RangeError("no rows");\n}`;

  const result = await run(
    await bundled(project.write("dags/orders.dag.ts", aDagFile("orders", { before, returns: "fail()" }))),
  );

  expect(failureOf(result)).toMatchObject({ name: "RangeError", message: "no rows" });
  expect(JSON.stringify(failureOf(result))).toContain("dags/orders.dag.ts:3:9");
});

test("the same sources give the same bytes, wherever the project lies", async () => {
  const elsewhere = await aDagProject();
  others.push(elsewhere);
  const bundles = await Promise.all(
    [project, elsewhere].map(async (each) => {
      each.write("lib/rate.ts", "export const rate: number = 7;\n");
      const file = each.write(
        "dags/orders.dag.ts",
        aDagFile("orders", { before: `import { rate } from "../lib/rate.ts";`, returns: "rate" }),
      );
      return bundled(file, each.root);
    }),
  );

  expect(bundles[0]?.sha256).toBe(bundles[1]?.sha256);
});

test("what cannot be bundled is reported with its place", async () => {
  const file = project.write(
    "dags/orders.dag.ts",
    aDagFile("orders", { returns: `(await import("../lib/gone.ts")).x` }),
  );

  const [result] = await bundleFiles([file], { root: project.root, cwd: project.root });

  expect(result).toMatchObject({
    kind: "failed",
    problems: [{ code: "LOAD008", at: { file: "dags/orders.dag.ts", line: 3, column: 60 } }],
  });
});

test("many files are bundled in their order", async () => {
  const files = Array.from({ length: 12 }, (_, index) => project.write(`dags/d${index}.dag.ts`, aDagFile(`d${index}`)));

  const results = await bundleFiles(files, { root: project.root, cwd: project.root });

  const texts = results.map((result) =>
    result.kind === "bundled" ? new TextDecoder().decode(result.bundle.code) : "",
  );
  expect(texts.map((text, index) => text.includes(`("d${index}"`))).toEqual(files.map(() => true));
});
