import { FreshetError } from "../../core/errors.ts";
import type { DagId, RunId } from "../../core/ids.ts";
import { decodeRun, encodeRun } from "../../core/run/codec/run-codec.ts";
import type { Run } from "../../core/run.ts";
import type { RunStore } from "../../ports/run-store.ts";
import { queryPages, type Item, type NewItem, type Table } from "./dynamo.ts";
import { dueAttributes } from "./due-index.ts";
import { runIdOf, runKey, timeOrder } from "./keys.ts";
import { createRecordStore, damaged, textOf, type RecordForm } from "./records.ts";
import { createRunListing, listingShardOf } from "./run-listing.ts";
import { LISTING, QUEUED, RUNS_OF_DAG } from "./tables.ts";

/** Runs in the engine table: a commit is one conditional put, and touches no index while `state` and `due` stay as they are. */
export function createRunStore(table: Table): RunStore {
  const records = createRecordStore(table, RUN_FORM);
  return {
    load: (id) => records.load(runKey(id)),
    create: records.create,
    commit: records.commit,
    list: createRunListing(table, RUN_FORM.decode),
    queued: (dagId, limit) => queuedRuns(table, dagId, limit),
  };
}

const RUN_FORM: RecordForm<Run> = {
  subject: (run) => `run '${run.runId}'`,
  encode: (run) => ({ ...runKey(run.runId), ...encodeRun(run), ...indexAttributes(run) }),
  decode: decodeItem,
};

function indexAttributes(run: Run): Omit<NewItem, "pk" | "sk"> {
  // A chunk is in no list.
  if (run.origin.kind === "chunk") return { state: run.state, ...dueAttributes(run.runId, run.due) };
  return {
    state: run.state,
    [RUNS_OF_DAG.partitionKey]: run.dagId,
    [LISTING.partitionKey]: listingShardOf(run.runId),
    [RUNS_OF_DAG.sortKey]: timeOrder(run.logicalDate ?? run.queuedAt, run.runId),
    ...(run.state === "queued"
      ? { [QUEUED.partitionKey]: run.dagId, [QUEUED.sortKey]: timeOrder(run.queuedAt, run.runId) }
      : {}),
    ...dueAttributes(run.runId, run.due),
  };
}

function decodeItem(item: Item): Run {
  const head = textOf(item, "head");
  const tasks = item["tasks"];
  if (!(tasks instanceof Uint8Array)) throw damaged(item, "has no packed tasks");
  try {
    return decodeRun({ head, tasks });
  } catch (cause) {
    if (cause instanceof FreshetError) throw cause;
    throw damaged(item, "has a head that cannot be read", cause);
  }
}

async function queuedRuns(table: Table, dagId: DagId, limit: number): Promise<readonly RunId[]> {
  const runs: RunId[] = [];
  const pages = queryPages(table, {
    IndexName: QUEUED.indexName,
    KeyConditionExpression: "#dag = :dag",
    ExpressionAttributeNames: { "#dag": QUEUED.partitionKey },
    values: { ":dag": dagId },
    Limit: limit,
  });
  for await (const { items } of pages) {
    for (const item of items) runs.push(runIdOf(String(item["pk"])));
    if (runs.length >= limit) break;
  }
  return runs.slice(0, limit);
}
