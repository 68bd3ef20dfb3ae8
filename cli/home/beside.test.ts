import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { operator } from "./beside.ts";

test.each([
  [{ USER: "ada" }, "ada"],
  [{ USERNAME: "grace" }, "grace"],
  [{ USER: "", USERNAME: "grace" }, "grace"],
  [{}, userInfo().username],
])("who asks is known by %j, else by the system", (env, name) => {
  expect(operator(env)).toBe(name);
});
