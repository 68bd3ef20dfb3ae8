/** What is stored, as the database itself has it: each call is one atomic step. Ports reach it through a process. */
import type { AttemptItem, CloseReason, Outcome } from "../core/attempt.ts";
import type { Arrival, DagRecord } from "../core/dag/record.ts";
import {
  attemptKeyText,
  commitId as commitIdOf,
  type AttemptKey,
  type CommitId,
  type BackfillId,
  type DagId,
  type PoolId,
  type RunId,
} from "../core/ids.ts";
import type { VersionHash } from "../core/ids.ts";
import type { Manifest } from "../core/manifest.ts";
import { manifestOf } from "../core/plan.ts";
import type { AuditEntry, AuditSubject, StoredAudit } from "../core/operation.ts";
import type { Backfill } from "../core/backfill/record.ts";
import type { Pool } from "../core/pool/record.ts";
import type { Run } from "../core/run.ts";
import { plus, type Instant } from "../core/time.ts";
import type { DagVersion } from "../ports/dag-store.ts";
import type { CommitResult, Stored } from "../ports/stored.ts";
import type { Weather } from "./faults.ts";
import type { Kernel } from "./kernel.ts";
import { createLaggingIndex, type LaggingIndex } from "./lagging-index.ts";
import type { Random } from "./random.ts";
import { storedForms, type StoredForm } from "./stored-forms.ts";
import type { Watch } from "./watch.ts";

export interface Row<T> extends Stored<T> {
  readonly commitId: CommitId;
}

/** Who makes a change, and what time it is there. */
export interface Author {
  readonly name: string;
  readonly now: number;
}

export interface AttemptRow {
  readonly key: AttemptKey;
  readonly item: AttemptItem;
}

export interface InboxRow {
  readonly arrival: Arrival;
  readonly takenBy: RunId | undefined;
}

export type DueId = RunId | DagId | PoolId | BackfillId;
type DueKind = "run" | "dag" | "pool" | "backfill";

export interface Database {
  readonly runs: RecordTable<RunId, Run>;
  readonly dags: RecordTable<DagId, DagRecord>;
  readonly pools: RecordTable<PoolId, Pool>;
  readonly backfills: RecordTable<BackfillId, Backfill>;
  readonly versions: Map<VersionHash, DagVersion>;
  /** By record, the newest first. */
  readonly audits: ReadonlyMap<string, readonly StoredAudit[]>;
  readonly attempts: AttemptTable;
  /** By DAG and trigger, then by object. */
  readonly inbox: Map<string, Map<string, InboxRow>>;
  readonly blobs: Map<string, Uint8Array>;
  readonly due: LaggingIndex<DueId, { readonly kind: DueKind; readonly due: Instant }>;
  readonly queued: LaggingIndex<RunId, { readonly dagId: DagId; readonly queuedAt: Instant }>;
  readonly listed: LaggingIndex<DagId, DagRecord>;
  manifest(version: VersionHash): Manifest;
  /** Commits of records so far. */
  commits(): number;
}

export interface RecordTable<Id, T> {
  readonly rows: ReadonlyMap<Id, Row<T>>;
  load(id: Id): Stored<T> | undefined;
  create(value: T, commitId: CommitId, author: Author): "created" | Stored<T>;
  commit(read: Stored<T>, next: T, commitId: CommitId, author: Author, audit?: AuditEntry): CommitResult;
}

export interface AttemptTable {
  readonly rows: ReadonlyMap<string, AttemptRow>;
  /** Every attempt of a task instance, as they were first put. */
  ofInstance(key: Omit<AttemptKey, "attempt">): readonly AttemptRow[];
  get(key: AttemptKey): AttemptItem | undefined;
  claim(key: AttemptKey, claim: Claim, author: Author): "claimed" | AttemptItem;
  heartbeat(key: AttemptKey, renewal: Renewal, author: Author): "renewed" | "absent" | AttemptItem;
  finish(key: AttemptKey, end: Finish, author: Author): "finished" | "absent" | AttemptItem;
  close(key: AttemptKey, close: Close, author: Author): AttemptItem;
}

export interface Renewal {
  readonly owner: string;
  readonly leaseUntil: Instant;
  readonly startedAt: Instant | undefined;
}

export interface Claim {
  readonly owner: string;
  readonly at: Instant;
  readonly leaseUntil: Instant;
}
export interface Finish {
  readonly owner: string;
  readonly outcome: Outcome;
  readonly at: Instant;
}
export interface Close {
  readonly reason: CloseReason;
  readonly at: Instant;
  readonly lease?: Instant;
}

interface Parts {
  readonly kernel: Kernel;
  readonly faults: Weather;
  readonly random: Random;
  readonly watch: Watch;
  /** Runs are kept as they would be stored, and decoded for each reader. */
  readonly encoded: boolean;
}

interface Due {
  readonly due: Instant | null;
}

/** Takes notice of a commit, in the index of what is due and in the audit log. */
type Note = (
  kind: DueKind,
  id: DueId,
  change: readonly [before: Due | undefined, after: Due],
  commit: { readonly version: number; readonly audit: AuditEntry | undefined },
) => void;

export function createDatabase({ kernel, faults, random, watch, encoded }: Parts): Database {
  const { due, queued, listed } = indexesOf({ kernel, faults, random });
  const versions = new Map<VersionHash, DagVersion>();
  const forms = storedForms(encoded);
  let commits = 0;
  const manifest = (version: VersionHash): Manifest => manifestIn(versions, version);
  const noteDue = dueNotes(due);
  const { audits, noteAudit } = auditTable();
  const note: Note = (kind, id, [before, after], { version, audit }) => {
    commits += 1;
    noteAudit(audit, version);
    noteDue(kind, id, before?.due, after.due);
  };

  const runs = recordTable<RunId, Run>({
    idOf: (run) => run.runId,
    form: forms.run,
    contended: () => faults.strikes("db:contended"),
    changed(before, after, version, { name: by }, audit) {
      note("run", after.runId, [before, after], { version, audit });
      const { dagId, queuedAt } = after;
      if (before?.state !== after.state)
        queued.set(after.runId, after.state === "queued" ? { dagId, queuedAt } : undefined);
      const named = () => manifestOf(after, manifest(after.version));
      watch.runChanged(withManifest({ by, at: kernel.now(), before, after, version, audit }, named));
    },
  });
  const dags = recordTable<DagId, DagRecord>({
    idOf: (dag) => dag.dagId,
    form: forms.dag,
    contended: () => faults.strikes("db:contended"),
    changed(before, after, version, { name: by, now }, audit) {
      note("dag", after.dagId, [before, after], { version, audit });
      listed.set(after.dagId, after);
      const named = () => manifest(after.version);
      watch.dagChanged(withManifest({ by, at: kernel.now(), now, before, after, version, audit }, named));
    },
  });
  const pools = recordTable<PoolId, Pool>({
    idOf: (pool) => pool.poolId,
    form: forms.pool,
    contended: () => faults.strikes("db:contended"),
    changed(before, after, version, { name: by, now }, audit) {
      note("pool", after.poolId, [before, after], { version, audit });
      watch.poolChanged({ by, at: kernel.now(), now, before, after, version });
    },
  });
  const backfills = backfillTable({ kernel, faults, random, watch, encoded }, (before, after, version, audit) => {
    note("backfill", after.backfillId, [before, after], { version, audit });
    return () => manifest(after.plan.version);
  });
  return {
    runs,
    dags,
    pools,
    backfills,
    versions,
    audits,
    attempts: attemptTable(kernel, watch, () => faults.strikes("db:late_renewal")),
    inbox: new Map(),
    blobs: new Map(),
    due,
    queued,
    listed,
    manifest,
    commits: () => commits,
  };
}

/** `note`: takes notice of a change, and says where the manifest is found whose schedule names the dates. */
function backfillTable(
  { kernel, faults, watch, encoded }: Parts,
  note: (
    before: Backfill | undefined,
    after: Backfill,
    version: number,
    audit: AuditEntry | undefined,
  ) => () => Manifest,
): RecordTable<BackfillId, Backfill> {
  return recordTable<BackfillId, Backfill>({
    idOf: (backfill) => backfill.backfillId,
    form: storedForms(encoded).backfill,
    contended: () => faults.strikes("db:contended"),
    changed(before, after, version, { name: by, now }, audit) {
      const named = note(before, after, version, audit);
      watch.backfillChanged(withManifest({ by, at: kernel.now(), now, before, after, version }, named));
    },
  });
}

/** The change with its manifest, which is looked up once somebody asks for it. */
function withManifest<Change>(change: Change, named: () => Manifest): Change & { readonly manifest: Manifest } {
  let manifest: Manifest | undefined;
  return Object.defineProperty(change, "manifest", { get: () => (manifest ??= named()) }) as Change & {
    readonly manifest: Manifest;
  };
}

function indexesOf({ kernel, faults, random }: Pick<Parts, "kernel" | "faults" | "random">) {
  const due: Database["due"] = createLaggingIndex(kernel, faults, random.fork("due"));
  const queued: Database["queued"] = createLaggingIndex(kernel, faults, random.fork("queued"));
  const listed: Database["listed"] = createLaggingIndex(kernel, faults, random.fork("listed"));
  return { due, queued, listed };
}

const dueNotes =
  (due: Database["due"]) =>
  (kind: DueKind, id: DueId, before: Instant | null | undefined, at: Instant | null): void => {
    if (before !== at) due.set(id, at === null ? undefined : { kind, due: at });
  };

function manifestIn(versions: ReadonlyMap<VersionHash, DagVersion>, version: VersionHash): Manifest {
  const known = versions.get(version);
  if (known === undefined) throw new RangeError(`version ${version} was never put`);
  return known.manifest;
}

function auditTable() {
  const audits = new Map<string, StoredAudit[]>();
  const noteAudit = (entry: AuditEntry | undefined, version: number): void => {
    if (entry === undefined) return;
    const key = auditKeyOf(entry.subject);
    audits.set(key, [{ ...entry, version }, ...(audits.get(key) ?? [])]);
  };
  return { audits, noteAudit };
}

export const auditKeyOf = ({ kind, id }: AuditSubject): string => `${kind}#${id}`;

/** Whoever looks at a record and leaves it as it was. */
const RIVAL = { commitId: commitIdOf("rival"), author: { name: "rival", now: 0 } };

interface TableParts<Id, T> {
  readonly idOf: (value: T) => Id;
  readonly form: StoredForm<T>;
  /** Somebody writes the record just before. */
  readonly contended: () => boolean;
  readonly changed: (
    before: T | undefined,
    after: T,
    version: number,
    author: Author,
    audit: AuditEntry | undefined,
  ) => void;
}

function recordTable<Id, T>({ idOf, form, contended, changed }: TableParts<Id, T>): RecordTable<Id, T> {
  const { keep, check } = form;
  const rows = new Map<Id, Row<T>>();
  /** A transaction is known again by its token, whatever became of the record since. */
  const transactions = new Set<CommitId>();
  const isOwn = (row: Row<T>, version: number, commitId: CommitId): boolean =>
    (row.version === version && row.commitId === commitId) || transactions.has(commitId);
  const put = (
    before: Row<T> | undefined,
    value: T,
    commitId: CommitId,
    author: Author,
    audit: AuditEntry | undefined,
  ): void => {
    check(value);
    const version = (before?.version ?? 0) + 1;
    const row = { value: keep(value), version, commitId };
    rows.set(idOf(value), row);
    changed(before?.value, row.value, version, author, audit);
  };
  return {
    rows,
    load(id) {
      const row = rows.get(id);
      return row === undefined ? undefined : { value: keep(row.value), version: row.version };
    },
    create(value, commitId, author) {
      const row = rows.get(idOf(value));
      if (row !== undefined)
        return isOwn(row, 1, commitId) ? "created" : { value: keep(row.value), version: row.version };
      put(undefined, value, commitId, author, undefined);
      return "created";
    },
    commit(read, next, commitId, author, audit) {
      const found = rows.get(idOf(next));
      if (found !== undefined && contended()) put(found, found.value, RIVAL.commitId, RIVAL.author, undefined);
      const row = rows.get(idOf(next));
      if (row === undefined) return "missing";
      if (row.version !== read.version) return isOwn(row, read.version + 1, commitId) ? "committed" : "stale";
      put(row, next, commitId, author, audit);
      if (audit !== undefined) transactions.add(commitId);
      return "committed";
    },
  };
}

/** What a renewal adds to a lease that comes late. */
const RENEWED_MS = 60_000;

/** `renewed`: the owner's renewal arrives just before the claim is closed. */
function attemptTable(kernel: Kernel, watch: Watch, renewed: () => boolean): AttemptTable {
  const rows = new Map<string, AttemptRow>();
  const instances = new Map<string, string[]>();
  const instanceOf = ({ runId, taskId, mapIndex }: Omit<AttemptKey, "attempt">): string =>
    `${runId}#${taskId}#${mapIndex}`;
  const get = (key: AttemptKey): AttemptItem | undefined => rows.get(attemptKeyText(key))?.item;
  const put = (key: AttemptKey, item: AttemptItem, { name: by }: Author): AttemptItem => {
    const text = attemptKeyText(key);
    const before = rows.get(text)?.item;
    rows.set(text, { key, item });
    if (before === undefined) {
      const known = instances.get(instanceOf(key));
      if (known === undefined) instances.set(instanceOf(key), [text]);
      else known.push(text);
    }
    watch.attemptChanged({ by, at: kernel.now(), key, before, after: item });
    return item;
  };
  return {
    rows,
    ofInstance: (key) => (instances.get(instanceOf(key)) ?? []).map((text) => rows.get(text) as AttemptRow),
    get,
    claim(key, { owner, at, leaseUntil }, author) {
      const item = get(key);
      if (item !== undefined) return item.status === "running" && item.owner === owner ? "claimed" : item;
      put(key, { status: "running", owner, startedAt: at, leaseUntil }, author);
      return "claimed";
    },
    heartbeat(key, { owner, leaseUntil, startedAt }, author) {
      const item = get(key);
      if (item === undefined) return "absent";
      if (item.status !== "running" || item.owner !== owner) return item;
      put(key, { ...item, leaseUntil, startedAt: startedAt ?? item.startedAt }, author);
      return "renewed";
    },
    finish(key, { owner, outcome, at: endedAt }, author) {
      const item = get(key);
      if (item === undefined) return "absent";
      if (item.status === "finished" && item.owner === owner) return "finished";
      if (item.status !== "running" || item.owner !== owner) return item;
      put(key, { status: "finished", owner, startedAt: item.startedAt, endedAt, outcome }, author);
      return "finished";
    },
    close(key, { reason, at: endedAt, lease }, author) {
      const found = get(key);
      if (found?.status === "running" && reason === "lost" && renewed())
        put(key, { ...found, leaseUntil: plus(found.leaseUntil, RENEWED_MS) }, RIVAL.author);
      const item = get(key);
      if (item === undefined) return put(key, { status: "revoked", endedAt, reason }, author);
      if (item.status !== "running" || (lease !== undefined && lease !== item.leaseUntil)) return item;
      return put(key, { status: "closed", owner: item.owner, startedAt: item.startedAt, endedAt, reason }, author);
    },
  };
}
