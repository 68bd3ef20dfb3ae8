import { configDefaults, defineConfig } from "vitest/config";

/** The machine-readable report that CI adds up; a person at a terminal needs none. */
const report = process.env["VITEST_REPORT"];

const FOLDERS = "{shared,cli,dags,console,infra,lambdas,scripts,test,bench,workers}";
const INTEGRATION = `${FOLDERS}/**/*.int.test.ts`;
/** What takes minutes of both cores: bugs planted into copies of the engine, maps as wide as they get. A step of their own. */
const PROOFS = `${FOLDERS}/**/*.proof.test.ts`;
const AWS = `${FOLDERS}/**/*.aws.test.ts`;
const LOCALSTACK = `${FOLDERS}/**/*.stack.test.ts`;
const TYPES = `${FOLDERS}/**/*.test-d.ts`;

export default defineConfig({
  test: {
    pool: "forks", // Child processes and signals, which threads do not have.
    maxWorkers: "100%", // Vitest leaves a core free: of two, one.
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      {
        test: {
          name: "unit",
          include: [`${FOLDERS}/**/*.test.ts`],
          exclude: [...configDefaults.exclude, INTEGRATION, PROOFS, AWS, LOCALSTACK],
          testTimeout: 30_000, // A thousand files, each synced, take ten seconds on a busy disk.
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
          maxWorkers: 2, // Each starts processes of its own.
          sequence: { groupOrder: 1 }, // After the quick ones; a group has one number of workers.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "proofs", include: [PROOFS], fileParallelism: false } },
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
