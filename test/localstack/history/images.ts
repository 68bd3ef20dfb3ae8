/** What an item of the tables says, read by the stores themselves: they are handed the item instead of a table. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createAttemptStore } from "../../../shared/aws/dynamo/attempt-store.ts";
import { createBackfillStore } from "../../../shared/aws/dynamo/backfill-store.ts";
import { createDagStore } from "../../../shared/aws/dynamo/dag-store.ts";
import {
  AUDIT_PREFIX,
  attemptKeyOf,
  backfillIdOf,
  dagIdOf,
  poolIdOf,
  runIdOf,
} from "../../../shared/aws/dynamo/keys.ts";
import { createPoolStore } from "../../../shared/aws/dynamo/pool-store.ts";
import { createRunStore } from "../../../shared/aws/dynamo/run-store.ts";
import type { AttemptItem } from "../../../shared/core/attempt.ts";
import type { Backfill } from "../../../shared/core/backfill/record.ts";
import type { DagRecord } from "../../../shared/core/dag/record.ts";
import { runId, type AttemptKey } from "../../../shared/core/ids.ts";
import type { AuditEntry } from "../../../shared/core/operation.ts";
import type { Pool } from "../../../shared/core/pool/record.ts";
import type { Run } from "../../../shared/core/run.ts";
import type { Stored } from "../../../shared/ports/stored.ts";
import { noBlobs } from "../../contract/aws/subjects.ts";
import type { Image } from "./recorder.ts";

export type Said =
  | { readonly kind: "run"; readonly stored: Stored<Run> }
  | { readonly kind: "dag"; readonly stored: Stored<DagRecord> }
  | { readonly kind: "pool"; readonly stored: Stored<Pool> }
  | { readonly kind: "backfill"; readonly stored: Stored<Backfill> }
  | { readonly kind: "attempt"; readonly key: AttemptKey; readonly item: AttemptItem }
  | { readonly kind: "audit"; readonly record: string; readonly version: number; readonly entry: AuditEntry }
  /** Versions, arrivals, and what the engine knows of itself. */
  | { readonly kind: "other" };

const OTHER: Said = { kind: "other" };

/** A table that holds this item alone. */
const tableOf = (image: Image) => ({
  tableName: "image",
  client: {
    send: async () => ({ Item: image, Responses: { image: [image] } }),
  } as unknown as DynamoDBClient,
});

const text = (image: Image, name: string): string => image[name]?.S ?? "";

export async function readAttempt(image: Image): Promise<Said> {
  const pk = text(image, "pk");
  const key = attemptKeyOf(runId(pk.slice(0, pk.lastIndexOf("#"))), text(image, "sk"));
  const [item] = await createAttemptStore(tableOf(image)).read([key]);
  return item === undefined || item === null ? OTHER : { kind: "attempt", key, item };
}

export async function readRecord(image: Image): Promise<Said> {
  const [pk, sk] = [text(image, "pk"), text(image, "sk")];
  const table = tableOf(image);
  if (sk.startsWith(AUDIT_PREFIX)) {
    const entry = JSON.parse(text(image, "entry")) as AuditEntry;
    return { kind: "audit", record: pk, version: Number(image["version"]?.N), entry };
  }
  switch (sk) {
    case "RUN":
      return said("run", await createRunStore(table).load(runIdOf(pk)));
    case "DAG":
      return said("dag", await createDagStore(table, noBlobs).load(dagIdOf(pk)));
    case "POOL":
      return said("pool", await createPoolStore(table).load(poolIdOf(pk)));
    case "BACKFILL":
      return said("backfill", await createBackfillStore(table).load(backfillIdOf(pk)));
    default:
      return OTHER;
  }
}

const said = <Kind extends "run" | "dag" | "pool" | "backfill">(
  kind: Kind,
  stored: Extract<Said, { readonly kind: Kind }>["stored"] | undefined,
): Said => (stored === undefined ? OTHER : ({ kind, stored } as Said));
