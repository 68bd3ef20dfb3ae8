/** The CDK app as the CDK starts it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FRESHET_ROOT } from "./project.ts";

function synthesize(context: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): string {
  const { status, stderr } = spawnSync(process.execPath, [join(FRESHET_ROOT, "infra/app.ts")], {
    cwd: FRESHET_ROOT,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", CDK_CONTEXT_JSON: JSON.stringify(context), ...env },
  });
  expect(status).toBe(1);
  return stderr;
}

const ACCOUNT = { CDK_DEFAULT_ACCOUNT: "000000000000", CDK_DEFAULT_REGION: "eu-west-1" };

test("an environment that does not exist is refused, with the nearest one and all of them", () => {
  expect(synthesize({ env: "prodd" }, ACCOUNT)).toMatch(
    /there is no environment 'prodd'; did you mean 'prod'\?[^]*infra\/environments\.ts has dev, staging, prod, local/,
  );
});

test("without credentials it says so before anything else, and what to do", () => {
  expect(synthesize({ dags: "no-such-folder" })).toMatch(
    /^note: there are no AWS credentials, .*: for that run `aws configure`[^]*the folder of DAGs 'no-such-folder' cannot be read/,
  );
});

test("what is wrong is told in a line, without a stack trace", () => {
  expect(synthesize({ dags: "no-such-folder" }, ACCOUNT)).not.toMatch(/note:|^\s+at /m);
});
