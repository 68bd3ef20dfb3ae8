import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aDagFile, aDagProject, codesOf, idsOf, type DagProject } from "../../test/builders/dag-project.ts";

let project: DagProject;
const others: DagProject[] = [];

beforeEach(async () => {
  project = await aDagProject();
});

afterEach(async () => {
  await Promise.all([project, ...others.splice(0)].map(async (each) => each.close()));
});

const usesTable = `import { table } from "../lib/table.ts";\nexport { table };`;

describe("a load", () => {
  test("gives each DAG with its version, file and sources", async () => {
    const file = project.write(
      "dags/sales/orders.dag.ts",
      aDagFile("orders", { before: usesTable.replace("../", "../../") }),
    );
    const lib = project.write("lib/table.ts", "export const table: string = 'orders';\n");

    const { dags, problems } = await project.load();

    expect(problems).toEqual([]);
    expect(dags).toMatchObject([
      { manifest: { dagId: "orders", codeHash: expect.stringMatching(/^[0-9a-f]{64}$/) }, file, sources: [file, lib] },
    ]);
  });

  test("looks into all folders but packages and hidden ones", async () => {
    for (const folder of ["dags/a/b", "dags/node_modules/c", "dags/.d"]) {
      project.write(`${folder}/x.dag.ts`, aDagFile(folder.at(-1) ?? ""));
    }

    expect(idsOf(await project.load())).toEqual(["b"]);
  });

  test("of some files gives those", async () => {
    project.write("dags/a.dag.ts", aDagFile("a"));
    const file = project.write("dags/b.dag.ts", aDagFile("b"));

    expect(idsOf(await project.loader().load([file]))).toEqual(["b"]);
  });

  test.each(["commonjs", "module", undefined])("takes files as modules in a project of type %s", async (type) => {
    project.write("package.json", JSON.stringify({ name: "p", type }));
    project.write("lib/table.ts", "export const table: string = 'orders';\n");
    project.write("dags/a.dag.ts", aDagFile("a", { before: usesTable }));

    const result = await project.load();

    expect([idsOf(result), codesOf(result)]).toEqual([["a"], []]);
  });

  test("waits for a file that awaits something outside of its tasks", async () => {
    project.write("dags/a.dag.ts", aDagFile("a", { before: "export const late = await Promise.resolve(1);" }));

    expect(idsOf(await project.load())).toEqual(["a"]);
  });

  test("of a folder that is not there says so", async () => {
    await expect(project.loader({ dagsDir: join(project.root, "pipelines") }).load()).rejects.toMatchObject({
      code: "LOAD_FAILED",
      problems: [
        { code: "LOAD009", message: "the folder of DAGs 'pipelines' cannot be read: there is no such folder" },
      ],
    });
  });

  test("of an empty folder gives nothing", async () => {
    mkdirSync(project.dagsDir);

    expect(await project.load()).toEqual({ dags: [], problems: [], files: [], sources: [], packages: [] });
  });

  test("of many files gives all of them, whatever processes they were given to", async () => {
    const ids = Array.from({ length: 90 }, (_, index) => `dag-${String(index).padStart(2, "0")}`);
    for (const id of ids) project.write(`dags/${id}.dag.ts`, aDagFile(id));
    project.write("dags/dag-40.dag.ts", "process.exit();");

    expect(idsOf(await project.load())).toEqual(ids.filter((id) => id !== "dag-40"));
  });
});

describe("what only shows among files", () => {
  test("is a DAG id that two of them use: the first stands", async () => {
    project.write("dags/a.dag.ts", aDagFile("orders"));
    project.write("dags/b.dag.ts", aDagFile("orders"));

    const result = await project.load();

    expect(idsOf(result)).toEqual(["orders"]);
    expect(result.problems).toMatchObject([
      {
        code: "DAG002",
        message: "dag 'orders': a dag in dags/a.dag.ts has the same id",
        at: { file: "dags/b.dag.ts", line: 4 },
        labels: [{ at: { file: "dags/a.dag.ts", line: 4 } }],
      },
    ]);
  });

  test("is no trouble when a file exports the DAG of another, or uses its task", async () => {
    project.write("dags/a.dag.ts", `${aDagFile("a")}\nexport const shared = task("shared", { run: async () => 2 });\n`);
    project.write(
      "dags/b.dag.ts",
      `import { dag } from "freshet";\nimport a, { shared } from "./a.dag.ts";\nexport { a };\nexport default dag("b", { tasks: [shared] });\n`,
    );

    const result = await project.load();

    expect([idsOf(result), codesOf(result)]).toEqual([["a", "b"], []]);
  });

  test("is a task that is exported and used by none", async () => {
    project.write("dags/a.dag.ts", `${aDagFile("a")}\nexport const alone = task("alone", { run: async () => 2 });\n`);

    expect(codesOf(await project.load())).toEqual(["DAG016 dags/a.dag.ts:6:22"]);
  });
});

describe("the version of a DAG", () => {
  const versionOf = async (of: DagProject): Promise<unknown> => (await of.load()).dags[0]?.version;

  beforeEach(() => {
    project.write("dags/a.dag.ts", aDagFile("a", { before: usesTable }));
    project.write("lib/table.ts", "export const table = 'orders';\n");
  });

  test("is the same wherever the project lies", async () => {
    const elsewhere = await aDagProject();
    others.push(elsewhere);
    elsewhere.write("dags/a.dag.ts", aDagFile("a", { before: usesTable }));
    elsewhere.write("lib/table.ts", "export const table = 'orders';\n");

    expect(await versionOf(elsewhere)).toBe(await versionOf(project));
  });

  test("is another once a file that it imports has changed, and only then", async () => {
    const before = await versionOf(project);
    project.write("lib/unused.ts", "export const unused = 1;\n");
    const same = await versionOf(project);

    project.write("lib/table.ts", "export const table = 'returns';\n");

    expect([same === before, (await versionOf(project)) === before]).toEqual([true, false]);
  });

  test("is another once a package that it imports has another version", async () => {
    const installed = (version: string): void => {
      project.write("node_modules/money/package.json", JSON.stringify({ name: "money", version, main: "index.js" }));
    };
    project.write("node_modules/money/index.js", "exports.cents = 1;");
    project.write("dags/a.dag.ts", aDagFile("a", { before: `import money from "money";\nexport { money };` }));
    installed("1.0.0");
    const before = await versionOf(project);

    installed("1.0.1");

    expect(await versionOf(project)).not.toBe(before);
  });

  test("is another once a file that a task imports as it runs has changed", async () => {
    project.write("dags/a.dag.ts", aDagFile("a", { returns: `(await import("../lib/table.ts")).table` }));
    const before = await project.load();

    const lib = project.write("lib/table.ts", "export const table = 'returns';\n");

    expect(await versionOf(project)).not.toBe(before.dags[0]?.version);
    expect(before.dags[0]?.sources).toEqual([join(project.dagsDir, "a.dag.ts"), lib]);
  });
});

describe("a reload", () => {
  test("imports what was changed, and what imports it, anew", async () => {
    project.write("dags/a.dag.ts", aDagFile("a", { before: usesTable }));
    project.write("dags/b.dag.ts", aDagFile("b"));
    const lib = project.write("lib/table.ts", "export const table = 'orders';\n");
    const loader = project.loader({ warm: true });
    const first = await loader.load();

    project.write("lib/table.ts", "export const table = 'returns';\n");
    const second = await loader.reload([lib]);

    const same = second.dags.map(({ version }, index) => version === first.dags[index]?.version);
    expect([idsOf(second), same]).toEqual([
      ["a", "b"],
      [false, true],
    ]);
  });

  test("knows files that came and went", async () => {
    project.write("dags/a.dag.ts", aDagFile("a"));
    const loader = project.loader();
    await loader.load();

    project.remove("dags/a.dag.ts");
    const file = project.write("dags/b.dag.ts", aDagFile("b"));

    expect(idsOf(await loader.reload([join(project.dagsDir, "a.dag.ts"), file]))).toEqual(["b"]);
  });

  test("tries what was broken again, whatever was changed", async () => {
    project.write("dags/a.dag.ts", aDagFile("a", { before: usesTable }));
    const loader = project.loader();
    const broken = await loader.load();

    const lib = project.write("lib/table.ts", "export const table = 'orders';\n");
    const mended = await loader.reload([lib]);

    expect([codesOf(broken).length, idsOf(mended), codesOf(mended)]).toEqual([1, ["a"], []]);
    expect(broken.sources).toContain(lib); // What was missing is to be watched for.
  });

  test("of nothing that matters imports nothing", async () => {
    project.write("dags/a.dag.ts", aDagFile("a", { before: "await new Promise((go) => setTimeout(go, 1_000));" }));
    const loader = project.loader();
    await loader.load();
    const began = performance.now();

    await loader.reload([join(project.root, "README.md")]);

    expect(performance.now() - began).toBeLessThan(500);
  });
});
