/** Everything that a home keeps, open. */
import { createAttemptStore } from "../../shared/embedded/state/attempt-store.ts";
import { createAuditLog } from "../../shared/embedded/state/audit-log.ts";
import { createBlobStore } from "../../shared/embedded/files/blob-store.ts";
import { createDagStore } from "../../shared/embedded/state/dag-store.ts";
import { openDatabase, type Database } from "../../shared/embedded/state/database.ts";
import { createDueIndex } from "../../shared/embedded/state/due-index.ts";
import { createInbox } from "../../shared/embedded/state/inbox.ts";
import { createLogStore, type LogStore } from "../../shared/embedded/log-store.ts";
import { createObjectStore } from "../../shared/embedded/files/object-store.ts";
import { createBackfillStore } from "../../shared/embedded/state/backfill-store.ts";
import { createPoolStore } from "../../shared/embedded/state/pool-store.ts";
import { createRunStore } from "../../shared/embedded/state/run-store.ts";
import { createWriter, type Writer } from "../../shared/embedded/state/writer.ts";
import type { AttemptStore } from "../../shared/ports/attempt-store.ts";
import type { AuditLog } from "../../shared/ports/audit-log.ts";
import type { BlobStore } from "../../shared/ports/blob-store.ts";
import type { DagStore } from "../../shared/ports/dag-store.ts";
import type { DueIndex } from "../../shared/ports/due-index.ts";
import type { Inbox } from "../../shared/ports/inbox.ts";
import type { BackfillStore } from "../../shared/ports/backfill-store.ts";
import type { PoolStore } from "../../shared/ports/pool-store.ts";
import type { RunStore } from "../../shared/ports/run-store.ts";
import type { ObjectStore } from "../../shared/core/task-host.ts";
import type { Home } from "./paths.ts";

/** The state of a home, or of an environment on AWS. */
export interface StateStores {
  readonly runs: RunStore;
  readonly dags: DagStore;
  readonly pools: PoolStore;
  readonly backfills: BackfillStore;
  readonly due: DueIndex;
  readonly audit: AuditLog;
  readonly attempts: AttemptStore;
  readonly inbox: Inbox;
  readonly blobs: BlobStore;
  readonly objects: ObjectStore;
  readonly logs: Pick<LogStore, "read" | "follow">;
}

export interface Stores extends StateStores {
  readonly home: Home;
  readonly database: Database;
  readonly writer: Writer;
  readonly logs: LogStore;
  /** Resolves once everything given so far is on disk. */
  close(): Promise<void>;
}

/** Opens a home, or makes it. Throws what `openDatabase` throws. */
export function openStores(home: Home): Stores {
  const database = openDatabase(home.stateFile);
  const writer = createWriter(database);
  const blobs = createBlobStore({ root: `${home.path}/blobs` });
  const objects = createObjectStore({ root: home.buckets });
  return {
    home,
    database,
    writer,
    runs: createRunStore(database, writer),
    dags: createDagStore(database, writer),
    pools: createPoolStore(database, writer),
    backfills: createBackfillStore(database, writer),
    due: createDueIndex(database),
    audit: createAuditLog(database),
    attempts: createAttemptStore(database, writer),
    inbox: createInbox(database, writer),
    blobs,
    objects,
    logs: createLogStore({ home: home.path }),
    async close() {
      await writer.drained();
      blobs.close();
      objects.close();
      database.close();
    },
  };
}
