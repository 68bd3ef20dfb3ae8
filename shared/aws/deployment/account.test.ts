import { afterEach, expect, test } from "vitest";
import { json, startWire, type Wire, type WireAnswer } from "../../../test/contract/aws/wire.ts";
import { accountFaults, type AccountNeeds } from "./account.ts";

let wire: Wire | undefined;
afterEach(() => wire?.close());

const NEEDS: AccountNeeds = { tickConcurrency: 1, executorConcurrency: 10, buckets: {} };

/** What is missing in an account with this quota, where S3 answers so. */
async function faultsOf(quota: number, needs: Partial<AccountNeeds> = {}, s3: WireAnswer = { status: 200 }) {
  wire = await startWire(({ path }) =>
    path.includes("account-settings") ? json({ AccountLimit: { ConcurrentExecutions: quota } }) : s3,
  );
  const settings = {
    region: "eu-west-1",
    endpoint: wire.endpoint,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  };
  return accountFaults(settings, { ...NEEDS, ...needs });
}

test("an account with the usual quota has what is asked for", async () => {
  expect(await faultsOf(1_000)).toEqual([]);
});

test("a new account has too few functions at once to keep one for the tick", async () => {
  expect(await faultsOf(10)).toEqual([
    "this account may run 10 functions at once in this region; `tickConcurrency: 1` would leave fewer than the 100 that Lambda " +
      "wants free: set it to null, or ask for a higher quota (Service Quotas, Lambda, concurrent executions)",
  ]);
});

test("nor may executors take all of them", async () => {
  expect(await faultsOf(10, { tickConcurrency: 0, executorConcurrency: 20 })).toEqual([
    expect.stringContaining(
      "`maxConcurrency` lets executors take 20 of them, and would leave none to decide: lower it",
    ),
  ]);
});

test.each([
  [404, "does not exist: make it, or set { create: true }"],
  [403, "belongs to another account, or its policy keeps this deployment out"],
  [301, "lies in another region"],
])("a bucket that S3 answers %i for is named, with what to do", async (status, text) => {
  expect(await faultsOf(1_000, { buckets: { lake: "acme-lake" } }, { status })).toEqual([
    expect.stringContaining(`bucket 'acme-lake', which \`buckets\` has as 'lake', ${text}`),
  ]);
});
