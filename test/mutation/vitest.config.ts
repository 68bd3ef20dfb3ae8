/** The tests that a mutant of the core has to get past: quick ones, and the reference model. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("../../", import.meta.url).pathname,
    include: ["shared/core/**/*.test.ts", "test/reference/**/*.test.ts"],
    testTimeout: 20_000,
  },
});
