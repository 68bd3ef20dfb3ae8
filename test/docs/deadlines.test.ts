import { test } from "vitest";
import { expectShown } from "./shown-page.ts";

test("docs/deadlines.md shows what its examples give (`npx vitest run test/docs -u`)", async () => {
  await expectShown("deadlines");
});
