/** The contracts of everything that lives in the state file. */
import { join } from "node:path";
import { aFolder } from "../../../test/builders/index.ts";
import { attemptStoreContract } from "../../../test/contract/attempt-store.suite.ts";
import { auditLogContract } from "../../../test/contract/audit-log.suite.ts";
import { backfillStoreContract } from "../../../test/contract/backfill-store.suite.ts";
import { dagStoreContract } from "../../../test/contract/dag-store.suite.ts";
import { dueIndexContract } from "../../../test/contract/due-index.suite.ts";
import { inboxContract } from "../../../test/contract/inbox.suite.ts";
import { poolStoreContract } from "../../../test/contract/pool-store.suite.ts";
import { runStoreContract } from "../../../test/contract/run-store.suite.ts";
import { createAuditLog } from "./audit-log.ts";
import { createAttemptStore } from "./attempt-store.ts";
import { createDagStore } from "./dag-store.ts";
import { type Database, openDatabase } from "./database.ts";
import { createDueIndex } from "./due-index.ts";
import { createInbox } from "./inbox.ts";
import { createBackfillStore } from "./backfill-store.ts";
import { createPoolStore } from "./pool-store.ts";
import { createRunStore } from "./run-store.ts";
import { type Writer, createWriter } from "./writer.ts";

async function onNewState<T>(make: (database: Database, writer: Writer) => T): Promise<T & { close(): Promise<void> }> {
  const folder = await aFolder();
  const database = openDatabase(join(folder.path, "state.db"));
  const close = async (): Promise<void> => {
    database.close();
    await folder.remove();
  };
  return { ...make(database, createWriter(database)), close };
}

auditLogContract(() =>
  onNewState((database, writer) => ({
    log: createAuditLog(database),
    runs: createRunStore(database, writer),
    dags: createDagStore(database, writer),
  })),
);
runStoreContract(() => onNewState((database, writer) => ({ store: createRunStore(database, writer) })));
dagStoreContract(() => onNewState((database, writer) => ({ store: createDagStore(database, writer) })));
backfillStoreContract(() => onNewState((database, writer) => ({ store: createBackfillStore(database, writer) })));
poolStoreContract(() => onNewState((database, writer) => ({ store: createPoolStore(database, writer) })));
attemptStoreContract(() => onNewState((database, writer) => ({ store: createAttemptStore(database, writer) })));
inboxContract(() => onNewState((database, writer) => ({ inbox: createInbox(database, writer) })));
dueIndexContract(() =>
  onNewState((database, writer) => ({
    index: createDueIndex(database),
    runs: createRunStore(database, writer),
    dags: createDagStore(database, writer),
    pools: createPoolStore(database, writer),
    backfills: createBackfillStore(database, writer),
  })),
);
