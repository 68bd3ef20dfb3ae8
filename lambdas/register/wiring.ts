import * as z from "zod/mini";
import { createHash } from "node:crypto";
import { takeRelease } from "../../shared/app/take-release.ts";
import type { AccountNeeds } from "../../shared/aws/deployment/account.ts";
import { createBlobStore } from "../../shared/aws/s3/blob-store.ts";
import type { ClientSettings } from "../../shared/aws/clients/client-options.ts";
import { checkEngineSchema, markEngineSchema } from "../../shared/aws/dynamo/engine-schema.ts";
import { createS3Client } from "../../shared/aws/s3/s3-client.ts";
import { parseRelease } from "../../shared/contract/release.ts";

import { FreshetError } from "../../shared/core/errors.ts";
import { openEngine } from "../engine/open-engine.ts";
import { settingsOf } from "../engine/settings.ts";
import { logger } from "../engine/telemetry.ts";

export { logger, tracing } from "../engine/telemetry.ts";

const properties = z.discriminatedUnion("action", [
  /** Before anything else is changed: may this engine start over that table? */
  z.object({
    action: z.literal("check"),
    schema: z.coerce.number(),
    /** As JSON: numbers in a custom resource arrive as texts. */
    needs: z.pipe(
      z.string(),
      z.transform((text) => JSON.parse(text) as AccountNeeds),
    ),
  }),
  /** Last of all: take the release in. */
  z.object({
    action: z.literal("register"),
    bucket: z.string().check(z.minLength(1)),
    key: z.string().check(z.minLength(1)),
  }),
]);

/** Does what a custom resource asks for; a deleted one asks for nothing: tables and what is in them outlive the stack. */
export async function act(type: string, given: Readonly<Record<string, unknown>>): Promise<Record<string, string>> {
  if (type === "Delete") return {};
  // All of it within the request: what throws here is what CloudFormation shows.
  const asked = properties.parse(given);
  if (asked.action === "check") await checkTables(settingsOf(process.env), asked.needs);
  const { engine, deployment, clients, settings } = await openEngine(process.env);
  const table = { client: clients.dynamo, tableName: deployment.engineTable };
  if (asked.action === "check") {
    await checkEngineSchema(table, asked.schema);
    await checkAccount(settings, asked.needs);
    return {};
  }
  const uploads = createBlobStore({ client: createS3Client(settings), bucket: asked.bucket });
  const release = parseRelease(await releaseText(uploads, engine.blobs, asked.key));
  const registered = await takeRelease(engine, release, async (hash) => {
    const body = await uploads.get(release.uploads?.[hash] ?? "");
    return body === undefined ? undefined : verified(body, hash);
  });
  await markEngineSchema(table);
  logger.info("registered", { registered });
  return { dags: String(release.dags.length) };
}

/** Throws ACCOUNT_UNFIT if tables that were restored are not as they should be: without them nothing can be opened. */
async function checkTables(settings: ClientSettings, { tables }: AccountNeeds): Promise<void> {
  if (tables === undefined) return;
  const { tableFaults } = await import("../../shared/aws/dynamo/restored-tables.ts"); // Seldom needed.
  const faults = await tableFaults(settings, tables);
  if (faults.length > 0) throw new FreshetError("ACCOUNT_UNFIT", faults.join("; "));
}

/** Throws ACCOUNT_UNFIT with all that the account does not have. */
async function checkAccount(settings: ClientSettings, needs: AccountNeeds): Promise<void> {
  const { accountFaults } = await import("../../shared/aws/deployment/account.ts"); // Its client is needed for nothing else.
  const faults = await accountFaults(settings, needs);
  if (faults.length > 0) throw new FreshetError("ACCOUNT_UNFIT", faults.join("; "));
}

type Blobs = ReturnType<typeof createBlobStore>;

/** A copy is kept with the bundles: a rollback must not depend on uploads that somebody may have cleaned up. */
async function releaseText(uploads: Blobs, own: Blobs, key: string): Promise<string> {
  const kept = `releases/${key}`;
  const uploaded = await uploads.get(key);
  const body = uploaded ?? (await own.get(kept));
  if (body === undefined)
    throw new FreshetError("VERSION_NOT_FOUND", `the release '${key}' was not uploaded: deploy again`);
  if (uploaded !== undefined) await own.put(kept, uploaded);
  return new TextDecoder().decode(body);
}

function verified(body: Uint8Array, hash: string): Uint8Array {
  const found = createHash("sha256").update(body).digest("hex");
  if (found === hash) return body;
  throw new FreshetError("BUNDLE_DAMAGED", `the code bundle ${hash} was uploaded as ${found}: synthesize it again`);
}
