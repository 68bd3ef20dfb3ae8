/** The stores as one process reaches them. */
import { ATTEMPT_READ_MAX, type AttemptStore } from "../../ports/attempt-store.ts";
import type { AuditLog } from "../../ports/audit-log.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { DagStore } from "../../ports/dag-store.ts";
import type { DueIndex, DueRecord } from "../../ports/due-index.ts";
import type { BackfillStore } from "../../ports/backfill-store.ts";
import type { PoolStore } from "../../ports/pool-store.ts";
import type { Inbox, InboxName } from "../../ports/inbox.ts";
import type { RunStore } from "../../ports/run-store.ts";
import type { Arrival } from "../../core/dag/record.ts";
import type { AttemptKey } from "../../core/ids.ts";
import { auditKeyOf, type AttemptRow, type Author, type InboxRow } from "../database.ts";
import { pageOf } from "../run-pages.ts";
import type { Process } from "../process.ts";
import type { SimulatedWorld } from "../world.ts";

/** By the clock of the process as it calls: that is when it decided. */
const authorOf = (process: Process): Author => ({ name: process.name, now: process.clock.now() });

/** A write by the process, as whom it is signed. */
function written<T>(process: Process, effect: (author: Author) => T): Promise<T> {
  const author = authorOf(process);
  return process.call("write", () => effect(author));
}

/** In the order of these texts. */
const by =
  <T>(textOf: (value: T) => string) =>
  (a: T, b: T): number =>
    textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0;

export function runStoreOf({ database }: SimulatedWorld, process: Process): RunStore {
  const { runs, queued } = database;
  return {
    load: (id) => process.call("read", () => runs.load(id)),
    create: (run, commitId) => written(process, (author) => runs.create(run, commitId, author)),
    commit: (read, next, commitId, audit) =>
      written(process, (author) => runs.commit(read, next, commitId, author, audit)),
    list: (query) =>
      process.call("read", () =>
        pageOf(
          [...runs.rows.values()].map(({ value }) => value),
          query,
        ),
      ),
    queued: (dagId, limit) =>
      process.call("read", () =>
        [...queued.shown()]
          .filter(([, row]) => row.dagId === dagId)
          .toSorted(([, a], [, b]) => a.queuedAt - b.queuedAt)
          .slice(0, limit)
          .map(([id]) => id),
      ),
  };
}

export function dagStoreOf({ database }: SimulatedWorld, process: Process): DagStore {
  const { dags, versions, listed } = database;
  return {
    load: (id) => process.call("read", () => dags.load(id)),
    create: (dag, commitId) => written(process, (author) => dags.create(dag, commitId, author)),
    commit: (read, next, commitId, audit) =>
      written(process, (author) => dags.commit(read, next, commitId, author, audit)),
    list: () =>
      process.call("read", () => [...listed.shown()].map(([, dag]) => dag).toSorted(by(({ dagId }) => dagId))),
    putVersion: (version) => process.call("write", () => void versions.set(version.version, version)),
    loadVersion: (version) => process.call("read", () => versions.get(version)),
  };
}

export function poolStoreOf({ database }: SimulatedWorld, process: Process): PoolStore {
  const { pools } = database;
  return {
    load: (id) => process.call("read", () => pools.load(id)),
    create: (pool, commitId) => written(process, (author) => pools.create(pool, commitId, author)),
    commit: (read, next, commitId, audit) =>
      written(process, (author) => pools.commit(read, next, commitId, author, audit)),
    list: () =>
      process.call("read", () =>
        [...pools.rows.values()].map(({ value }) => value).toSorted(by(({ poolId }) => poolId)),
      ),
  };
}

export function auditLogOf({ database }: SimulatedWorld, process: Process): AuditLog {
  return {
    list: (subject, limit) =>
      process.call("read", () => (database.audits.get(auditKeyOf(subject)) ?? []).slice(0, limit)),
  };
}

export function backfillStoreOf({ database }: SimulatedWorld, process: Process): BackfillStore {
  const { backfills } = database;
  return {
    load: (id) => process.call("read", () => backfills.load(id)),
    create: (backfill, commitId) => written(process, (author) => backfills.create(backfill, commitId, author)),
    commit: (read, next, commitId, audit) =>
      written(process, (author) => backfills.commit(read, next, commitId, author, audit)),
    list: ({ dagId, limit }) =>
      process.call("read", () =>
        [...backfills.rows.values()]
          .map(({ value }) => value)
          .filter(({ plan }) => dagId === undefined || plan.dagId === dagId)
          .toSorted((a, b) => b.createdAt - a.createdAt)
          .slice(0, limit),
      ),
  };
}

export function attemptStoreOf({ database }: SimulatedWorld, process: Process): AttemptStore {
  const { attempts } = database;
  return {
    claim: (key, claim) => written(process, (author) => attempts.claim(key, claim, author)),
    heartbeat: (key, owner, leaseUntil, startedAt) =>
      written(process, (author) => attempts.heartbeat(key, { owner, leaseUntil, startedAt }, author)),
    finish: (key, owner, outcome, at) =>
      written(process, (author) => attempts.finish(key, { owner, outcome, at }, author)),
    close: (key, close) => written(process, (author) => attempts.close(key, close, author)),
    async read(keys) {
      if (keys.length > ATTEMPT_READ_MAX) throw new RangeError(`${keys.length} keys in one read`);
      return process.call("read", () => keys.map((key) => attempts.get(key) ?? null));
    },
    list: (runId, taskId) =>
      process.call("read", () =>
        [...attempts.rows.values()]
          .filter(({ key }) => key.runId === runId && (taskId === undefined || key.taskId === taskId))
          .toSorted(byAttemptKey),
      ),
  };
}

const byAttemptKey = ({ key: a }: AttemptRow, { key: b }: AttemptRow): number =>
  by((key: AttemptKey) => key.taskId)(a, b) || a.mapIndex - b.mapIndex || a.attempt - b.attempt;

/** Records of one page of the due index; small, so that there are several. */
const DUE_PAGE = 4;

export function dueIndexOf({ database, random }: SimulatedWorld, process: Process): DueIndex {
  return {
    async *due(until) {
      const found = await process.call("read", () => {
        const records: DueRecord[] = [];
        for (const [id, row] of database.due.shown()) {
          if (row.due > until) continue;
          records.push({ kind: row.kind, id, due: row.due } as DueRecord);
        }
        return records;
      });
      // Shards are read from a random one on.
      const first = random.integer(0, Math.max(0, found.length - 1));
      const records = [...found.slice(first), ...found.slice(0, first)];
      for (let at = 0; at < records.length; at += DUE_PAGE) yield records.slice(at, at + DUE_PAGE);
    },
  };
}

const inboxKey = ({ dagId, triggerId }: InboxName): string => `${dagId}#${triggerId}`;
export const objectKey = ({ bucket, key, version }: Arrival["object"]): string => `${bucket}/${key}@${version}`;

export function inboxOf({ database }: SimulatedWorld, process: Process): Inbox {
  const inbox = (name: InboxName): Map<string, InboxRow> => {
    const known = database.inbox.get(inboxKey(name));
    if (known !== undefined) return known;
    const made = new Map<string, InboxRow>();
    database.inbox.set(inboxKey(name), made);
    return made;
  };
  const waiting = (name: InboxName): Arrival[] =>
    [...inbox(name).values()].flatMap(({ arrival, takenBy }) => (takenBy === undefined ? [arrival] : []));
  return {
    put: (arrival) =>
      process.call("write", () => {
        const rows = inbox(arrival);
        const key = objectKey(arrival.object);
        if (rows.has(key)) return "known";
        rows.set(key, { arrival, takenBy: undefined });
        return "new";
      }),
    waiting: (name, limit) =>
      process.call("read", () =>
        waiting(name)
          .toSorted((a, b) => a.at - b.at)
          .slice(0, limit),
      ),
    summary: (name) =>
      process.call("read", () => {
        const arrivals = waiting(name);
        const newest = arrivals.reduce<Arrival | undefined>(
          (last, next) => (last === undefined || next.at > last.at ? next : last),
          undefined,
        );
        return { count: arrivals.length, newestAt: newest?.at ?? null };
      }),
    take: (arrivals, runId) =>
      process.call("write", () => {
        for (const arrival of arrivals) {
          const rows = inbox(arrival);
          const row = rows.get(objectKey(arrival.object));
          if (row?.takenBy === undefined)
            rows.set(objectKey(arrival.object), { arrival: row?.arrival ?? arrival, takenBy: runId });
        }
      }),
  };
}

export function blobStoreOf({ database }: SimulatedWorld, process: Process): BlobStore {
  const { blobs } = database;
  return {
    put: (key, body) => process.call("blob", () => void blobs.set(key, body)),
    get: (key) => process.call("blob", () => blobs.get(key)),
    range: (key, start, end) => process.call("blob", () => blobs.get(key)?.slice(start, end)),
  };
}
