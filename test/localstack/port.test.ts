import { expect, test } from "vitest";
import { portOf } from "../../localstack/lib/state.ts";

test("the endpoint's port is LocalStack's, unless another is given", () => {
  expect([portOf({}), portOf({ FRESHET_LOCALSTACK_PORT: "4600" })]).toEqual([4566, 4600]);
});

test.each(["abc", "", "0", "99999", "45.5"])("port '%s' is refused, with what is expected", (port) => {
  expect(() => portOf({ FRESHET_LOCALSTACK_PORT: port })).toThrow(
    `FRESHET_LOCALSTACK_PORT is '${port}'; a whole number from 1 to 65535 is expected`,
  );
});
