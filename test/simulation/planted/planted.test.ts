import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PLANTED_BUGS } from "./bugs.ts";
import { hunt } from "./plant.ts";

const TIMEOUT_MS = 300_000;
const RELIABILITY = readFileSync(new URL("../../../docs/reliability.md", import.meta.url), "utf8");

describe("a planted bug is seen", () => {
  test.concurrent.for(PLANTED_BUGS)("$name", { timeout: TIMEOUT_MS }, async (bug) => {
    const failure = await hunt(bug);

    expect(bug.breaks).toContain(failure?.promise);
  });

  test.for(PLANTED_BUGS)("and docs/reliability.md names it: $name", ({ name, breaks }) => {
    expect(RELIABILITY).toContain(`| ${name} | ${breaks.join(", ")} |`);
  });
});
