import { configDefaults, defineConfig } from "vitest/config";

/** The machine-readable report that CI adds up; a person at a terminal needs none. */
const report = process.env["VITEST_REPORT"];

const FOLDERS = "{shared,cli,dags,console,infra,lambdas,scripts,test,bench,workers}";
const INTEGRATION = `${FOLDERS}/**/*.int.test.ts`;
/** Bugs planted into copies of the engine: each may take a thousand seeds, so they are a step of their own. */
const PLANTED = "test/simulation/planted/*.int.test.ts";
const AWS = `${FOLDERS}/**/*.aws.test.ts`;
const LOCALSTACK = "test/localstack/**/*.stack.test.ts";
const TYPES = `${FOLDERS}/**/*.test-d.ts`;

export default defineConfig({
  test: {
    pool: "forks", // Child processes and signals, which threads do not have.
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      {
        test: {
          name: "unit",
          include: [`${FOLDERS}/**/*.test.ts`],
          exclude: [...configDefaults.exclude, INTEGRATION, AWS, LOCALSTACK],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: "types",
          include: [],
          typecheck: { enabled: true, only: true, checker: "tsc", include: [TYPES], tsconfig: "./tsconfig.json" },
        },
      },
      {
        test: {
          name: "int",
          include: [INTEGRATION],
          exclude: [...configDefaults.exclude, PLANTED],
          maxWorkers: 2, // Each starts processes of its own.
          sequence: { groupOrder: 1 }, // After the quick ones; a group has one number of workers.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "planted", include: [PLANTED] } },
      {
        test: {
          name: "localstack",
          globalSetup: "./test/localstack/setup.ts",
          include: [LOCALSTACK],
          fileParallelism: false, // They share the deployment.
          sequence: { groupOrder: 3 },
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: "aws-contract",
          globalSetup: "./test/contract/aws/emulators.ts",
          include: [AWS],
          fileParallelism: false, // They share the emulators.
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
