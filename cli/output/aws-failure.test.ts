import { expect, test } from "vitest";
import { awsFailure } from "./aws-failure.ts";

const thrown = (name: string, message = ""): Error => Object.assign(new Error(message), { name });

test("names the permission that is missing", () => {
  const said = "User: arn:aws:iam::1:user/me is not authorized to perform: dynamodb:GetItem on resource: table/engine";

  expect(awsFailure(thrown("AccessDeniedException", said))).toMatchObject({
    code: "NOT_PERMITTED",
    help: "ask for the permission dynamodb:GetItem",
  });
});

test.each([
  ["CredentialsProviderError", "there are no AWS credentials"],
  ["ExpiredTokenException", "AWS does not take these credentials: "],
])("%s: %s", (name, message) => {
  expect(awsFailure(thrown(name))).toMatchObject({ message });
});

test("leaves alone what AWS has not said", () => {
  expect(awsFailure(new TypeError("a bug"))).toBeUndefined();
});
