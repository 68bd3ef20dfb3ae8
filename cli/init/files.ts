/** The files of a new project. */

export interface ProjectFile {
  /** From the folder of the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** What the project is to have from npm. */
export interface Needs {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const DAG_TEXT = `import { dag, every, quarantine, task } from "freshet";

export const extract = task("extract", {
  retry: { retries: 3, delay: "10s" }, // with backoff and jitter
  run: async ({ ds, staging }) => {
    // Read what belongs to the day \`ds\`: here it is made up.
    const rows = [
      { day: ds, celsius: 21.5 },
      { day: ds, celsius: 23 },
    ];
    return { rows: rows.length, file: await staging.put("readings.json", JSON.stringify(rows)) };
  },
});

export const validate = task("validate", {
  inputs: { extract }, // inputs.extract.rows is a number; \`inputs.extract.rowz\` does not compile
  run: ({ inputs }) => {
    if (inputs.extract.rows === 0) quarantine("a day without readings");
  },
});

export const publish = task("publish", {
  inputs: { extract },
  after: [validate],
  run: async ({ inputs, ds, storage }) => {
    await storage.bucket("data-lake").publish(\`published/readings/date=\${ds}/\`, [inputs.extract.file]);
  },
});

export default dag("readings", {
  schedule: every.day({ at: "04:00" }), // covers the whole day before
  timezone: "UTC",
  tasks: [publish],
});
`;

const TEST_TEXT = `import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate, testTask } from "freshet/testing";
import readings, { extract } from "./readings.dag.ts";

test("extract gives the readings of its day", async () => {
  const { output } = await testTask(extract, { interval: "2026-03-01" });

  assert.equal(output?.rows, 2);
});

test("bad data is not published", async () => {
  const { runs } = await simulate(readings, {
    from: "2026-03-02",
    to: "2026-03-02",
    outcomes: { validate: "quarantine" },
  });

  assert.equal(runs[0]?.tasks.find(({ taskId }) => taskId === "publish")?.state, "upstream_failed");
});
`;

const COMPILER_OPTIONS = {
  target: "es2024",
  lib: ["es2024"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  resolveJsonModule: true,
  skipLibCheck: true,
};

/** `name`: of the package, as npm takes it. */
export function projectFiles(name: string, needs: Needs): readonly ProjectFile[] {
  const scripts = {
    start: "freshet dev",
    check: "tsc && freshet validate",
    test: "node --import freshet/register --test",
  };
  return [
    { path: "package.json", text: json({ name, private: true, type: "module", scripts, ...needs }) },
    { path: "tsconfig.json", text: json({ compilerOptions: COMPILER_OPTIONS, include: ["dags"] }) },
    { path: ".gitignore", text: "node_modules/\n.freshet/\ncdk.out/\n" },
    { path: "dags/readings.dag.ts", text: DAG_TEXT },
    { path: "dags/readings.test.ts", text: TEST_TEXT },
  ];
}

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;
