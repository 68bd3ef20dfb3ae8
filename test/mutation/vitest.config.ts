/** The tests that a mutant of the core has to get past: quick ones, and the reference model. */
import { defineConfig } from "vitest/config";

/** For a look at a few modules by their own tests: paths with commas between. Scores by fewer tests are lower, never higher. */
const chosen = process.env["MUTATION_TESTS"];

export default defineConfig({
  test: {
    root: new URL("../../", import.meta.url).pathname,
    include: chosen === undefined ? ["shared/core/**/*.test.ts", "test/reference/**/*.test.ts"] : chosen.split(","),
    setupFiles: ["test/mutation/setup.ts"],
    // Instrumented code is slow; that a mutant never ends is for Stryker to notice.
    testTimeout: 120_000,
  },
});
