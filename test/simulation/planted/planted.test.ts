import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PLANTED_BUGS } from "./bugs.ts";

const ROOT = new URL("../../../", import.meta.url);

// Whether they are seen takes minutes; that the source has moved away under one is known at once.
test.for(PLANTED_BUGS)("the source still has the place for: $name", ({ changes }) => {
  const places = changes.map(({ file, find }) => readFileSync(new URL(file, ROOT), "utf8").split(find).length - 1);

  expect(places).toEqual(changes.map(() => 1));
});
