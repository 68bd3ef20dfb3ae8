import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { PLANTED_BUGS } from "./bugs.ts";
import { huntAll, type Hunted } from "./plant.ts";

/** Far above what it takes: machines that build are busy. */
const TIMEOUT_MS = 1_200_000;
const RELIABILITY = readFileSync(new URL("../../../docs/reliability.md", import.meta.url), "utf8");

let hunted: ReadonlyMap<string, Hunted> = new Map();
beforeAll(async () => {
  hunted = await huntAll(PLANTED_BUGS);
}, TIMEOUT_MS);

describe("a planted bug", () => {
  test.for(PLANTED_BUGS)("is seen: $name", ({ name, breaks }) => {
    const outcome = hunted.get(name);

    expect(outcome).toHaveProperty("seen");
    if (outcome !== undefined && "seen" in outcome) expect(breaks).toContain(outcome.seen.promise);
  });

  test.for(PLANTED_BUGS)("is named in docs/reliability.md: $name", ({ name, breaks }) => {
    expect(RELIABILITY.replaceAll(/ +/g, " ")).toContain(`| ${name} | ${breaks.join(", ")} |`);
  });
});
