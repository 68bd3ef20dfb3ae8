import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aDagFile, aDagProject, codesOf, idsOf, type DagProject } from "../../test/builders/dag-project.ts";

let project: DagProject;

beforeEach(async () => {
  project = await aDagProject();
  project.write("dags/sound.dag.ts", aDagFile("sound"));
});

afterEach(async () => project.close());

describe("a file that breaks as it is loaded", () => {
  test("by an error is reported where it was thrown, and the others are loaded", async () => {
    project.write("lib/read.ts", `export function read(): never {\n  throw new Error("no such table");\n}\n`);
    project.write("dags/broken.dag.ts", `import { read } from "../lib/read.ts";\nread();\n`);

    const result = await project.load();

    expect(idsOf(result)).toEqual(["sound"]);
    expect(result.problems).toEqual([
      {
        code: "LOAD001",
        level: "error",
        message: "dags/broken.dag.ts throws while it is loaded: Error: no such table",
        at: { file: "lib/read.ts", line: 2, column: 9 },
        help: "the code outside of the tasks may only define things: what may fail belongs into a task",
      },
    ]);
  });

  test.each([
    [`throw { status: 500 };`, 'object {"status":500}'],
    [`throw undefined;`, "undefined undefined"],
    [`throw 3n;`, "bigint 3"],
  ])("by something that is no error (%s) is reported too", async (code, shown) => {
    project.write("dags/broken.dag.ts", `${code}\nexport {};\n`);

    const result = await project.load();

    expect(result.problems[0]?.message).toBe(`dags/broken.dag.ts throws while it is loaded: ${shown}`);
  });

  test.each([
    "for (;;);",
    "await new Promise(() => {});",
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
  ])("by never ending (%s) is ended, and the others are loaded", async (code) => {
    project.write("dags/hung.dag.ts", `${code}\nexport {};\n`);

    const result = await project.load({ timeoutMs: 1_500 });

    expect(idsOf(result)).toEqual(["sound"]);
    expect(result.problems).toMatchObject([
      { code: "LOAD002", message: "dags/hung.dag.ts does not finish loading: it was ended after 1.5s" },
    ]);
  });

  test("by ending the process is reported where it does so, and the others are loaded", async () => {
    project.write(
      "dags/exits.dag.ts",
      aDagFile("exits", { before: "if (process.argv.length > 0)\n  process.exit(4);" }),
    );

    const result = await project.load();

    expect(idsOf(result)).toEqual(["sound"]);
    expect(codesOf(result)).toEqual(["LOAD003 dags/exits.dag.ts:3:11"]);
    expect(result.problems[0]?.message).toBe("dags/exits.dag.ts ends the process while it is loaded: process.exit(4)");
  });

  test("by killing the process is reported, and the others are loaded", async () => {
    project.write("dags/killed.dag.ts", `process.kill(process.pid, "SIGKILL");\nfor (;;);\nexport {};\n`);

    const result = await project.load();

    expect(idsOf(result)).toEqual(["sound"]);
    expect(result.problems).toMatchObject([
      { code: "LOAD004", message: "the process was killed by SIGKILL while it loaded dags/killed.dag.ts" },
    ]);
  });

  test("by a promise that nobody awaits is reported where it was rejected", async () => {
    const before = `Promise.reject(new Error("left alone"));\nawait new Promise((go) => setTimeout(go, 20));`;
    project.write("dags/stray.dag.ts", aDagFile("stray", { before }));

    expect(codesOf(await project.load())).toEqual(["LOAD001 dags/stray.dag.ts:2:16"]);
  });

  test("after it was loaded harms no other file", async () => {
    project.write("dags/a.dag.ts", aDagFile("a", { before: "setTimeout(() => process.exit(1), 1);" }));
    const slow = "await new Promise((go) => setTimeout(go, 300));";
    project.write("dags/b.dag.ts", aDagFile("b", { before: slow }));

    expect(idsOf(await project.load())).toEqual(expect.arrayContaining(["b", "sound"]));
  });
});

describe("a file that cannot be read as TypeScript", () => {
  test.each([
    ["an open list", "export const a: number = 1;\nexport const b = [1, 2;\n", "LOAD005 dags/broken.dag.ts:2:23"],
    ["an open text", `export const a = "abc\n`, "LOAD005 dags/broken.dag.ts:1:18"],
    ["a name declared twice", "let a = 1;\nlet a = 2;\nexport { a };\n", "LOAD005 dags/broken.dag.ts:2:5"],
    ["an enum", "export const a = 1;\nenum Color { Red }\n", "LOAD006 dags/broken.dag.ts:2:1"],
    ["a namespace", "export const a = 1;\nnamespace N { export const b = 1; }\n", "LOAD006 dags/broken.dag.ts:2:1"],
    [
      "a parameter property",
      "export class A {\n  constructor(private x: number) {}\n}\n",
      "LOAD006 dags/broken.dag.ts:2:23",
    ],
  ])("for %s is reported with the place", async (_what, text, place) => {
    project.write("dags/broken.dag.ts", text);

    const result = await project.load();

    expect(codesOf(result)).toEqual([place]);
    expect(idsOf(result)).toEqual(["sound"]);
  });

  test("for an enum is told what to write instead", async () => {
    project.write("dags/broken.dag.ts", "enum Color { Red }\n");

    const [problem] = (await project.load()).problems;

    expect(problem?.message).toBe(
      "dags/broken.dag.ts: Node cannot run TypeScript's enum: it takes out types and compiles nothing",
    );
    expect(problem?.help).toBe('write `const Color = { Red: "red" } as const` instead');
  });
});

test("a DAG file that is a link to nothing is reported as that", async () => {
  symlinkSync("nowhere.ts", join(project.root, "dags/gone.dag.ts"));

  const result = await project.load();

  expect(codesOf(result)).toEqual(["LOAD009 dags/gone.dag.ts:1:1"]);
});

describe("an import that leads nowhere", () => {
  beforeEach(() => {
    project.write("lib/orders.ts", "export type Order = { id: number };\nexport const orders: Order[] = [];\n");
  });

  test.each([
    ["../lib/order.ts", 'import "../lib/orders.ts"'],
    ["../lib/orders", 'import "../lib/orders.ts": Node wants the extension'],
    ["../lib/orders.js", 'import "../lib/orders.ts": Node wants the extension'],
    ["../lib/customers.ts", "create the file, or correct the import"],
  ])("%s: is reported with what is meant", async (specifier, help) => {
    project.write("dags/broken.dag.ts", aDagFile("broken", { before: `import { orders } from "${specifier}";` }));

    const result = await project.load();

    expect(codesOf(result)).toEqual(["LOAD007 dags/broken.dag.ts:2:24"]);
    expect(result.problems[0]?.help).toBe(help);
  });

  test("because the package is not installed says how to install it", async () => {
    project.write(
      "dags/broken.dag.ts",
      aDagFile("broken", { before: `import { connect } from "@acme/warehouse/client";` }),
    );

    const result = await project.load();

    expect(codesOf(result)).toEqual(["LOAD007 dags/broken.dag.ts:2:25"]);
    expect(result.problems[0]).toMatchObject({
      message: "dags/broken.dag.ts imports '@acme/warehouse', which is not installed",
      help: "install it: npm install @acme/warehouse",
    });
  });

  test("because the name is not exported says which is", async () => {
    project.write("dags/broken.dag.ts", aDagFile("broken", { before: `import { order } from "../lib/orders.ts";` }));

    const result = await project.load();

    expect(codesOf(result)).toEqual(["LOAD007 dags/broken.dag.ts:2:10"]);
    expect(result.problems[0]?.help).toBe("correct the name, or export it there; did you mean 'orders'?");
  });

  test("because the name is a type says how to import it", async () => {
    project.write(
      "dags/broken.dag.ts",
      aDagFile("broken", {
        before: `import { Order, orders } from "../lib/orders.ts";\nexport const all: Order[] = orders;`,
      }),
    );

    expect((await project.load()).problems[0]?.help).toBe("it is a type: write `import type { Order }`");
  });
});

describe("a definition that depends on when and where it is loaded", () => {
  test.each([
    ["Date.now()", "LOAD010", 6],
    ["new Date()", "LOAD010", 1],
    ["Date()", "LOAD010", 1],
    ["performance.now()", "LOAD010", 13],
    ["process.hrtime.bigint()", "LOAD010", 16],
    ["Math.random()", "LOAD011", 6],
    ["crypto.randomUUID()", "LOAD011", 8],
    ["crypto.getRandomValues(new Uint8Array(4))", "LOAD011", 8],
    ["randomBytes(4)", "LOAD011", 1],
    ["process.env.REGION", "LOAD012", 13],
    ['"REGION" in process.env', "LOAD012", 10],
    ["Object.keys(process.env)", "LOAD012", 8],
    ["[1].map(Math.random)", "LOAD011", 5],
  ])("is reported: %s", async (expression, code, column) => {
    const before = `import { randomBytes } from "node:crypto";\nexport const used = [randomBytes.name,\n${expression}];`;
    project.write("dags/impure.dag.ts", aDagFile("impure", { before }));

    const result = await project.load();

    expect(codesOf(result)).toEqual([`${code} dags/impure.dag.ts:4:${column}`]);
    expect(idsOf(result)).toContain("impure"); // A warning.
  });

  test("is reported in the author's file that does it, once for all that import it", async () => {
    project.write("lib/region.ts", `export const region = process.env["REGION"];\n`);
    for (const id of ["a", "b"]) {
      project.write(
        `dags/${id}.dag.ts`,
        aDagFile(id, { before: `import { region } from "../lib/region.ts";\nexport { region };` }),
      );
    }

    const result = await project.load();

    expect(codesOf(result)).toEqual(["LOAD012 lib/region.ts:1:34"]);
    expect(result.problems[0]?.message).toBe(
      "lib/region.ts uses the environment while it is loaded: process.env.REGION",
    );
  });

  test("is no matter in a package, in what Freshet does, or in a task", async () => {
    project.write(
      "node_modules/clocked/package.json",
      `{"name":"clocked","version":"1.0.0","type":"module","main":"index.js"}`,
    );
    project.write("node_modules/clocked/index.js", `export const at = [Date.now(), Math.random(), process.env.HOME];`);
    const before = `import { at } from "clocked";\nexport const length = at.length + new Date(0).getTime() + Date.UTC(2026, 0);`;
    project.write("dags/pure.dag.ts", aDagFile("pure", { before, returns: "Date.now() + Math.random()" }));

    expect(codesOf(await project.load())).toEqual([]);
  });

  test("is reported when it asks where its file is", async () => {
    const before = `export const here = import.meta.url;`;
    project.write("dags/where.dag.ts", aDagFile("where", { before }));

    expect(codesOf(await project.load())).toEqual(["LOAD013 dags/where.dag.ts:2:21"]);
  });
});
