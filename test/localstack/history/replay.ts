/** The recorded history of a deployment, before the checkers that judge the simulated ones. */
import type { StoredAudit } from "../../../shared/core/operation.ts";
import type { DagVersion } from "../../../shared/ports/dag-store.ts";
import { attemptKeyText, type AttemptKey, type VersionHash } from "../../../shared/core/ids.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { manifestOf } from "../../../shared/core/plan.ts";
import type { AttemptRow, Database, RecordTable, Row } from "../../../shared/simulated/database.ts";
import type { Stored } from "../../../shared/ports/stored.ts";
import { commitId } from "../../../shared/core/ids.ts";
import { createJudge, type Checker, type Judge, type Rest } from "../../simulation/checkers/checker.ts";
import { readAttempt, readRecord, type Said } from "./images.ts";
import type { History, HeardFact } from "./recorder.ts";

/** Who made a change is in no stream. */
const BY = "a function";

export interface ReplayOptions {
  readonly history: History;
  readonly attemptsTable: string;
  /** Every version that a record of the history names. */
  readonly version: (version: VersionHash) => Promise<DagVersion>;
  /** Objects of Freshet's own bucket that records point to. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  /** What is so in the end, when all has come to rest. */
  readonly rest: Pick<Rest, "openMessages" | "deadLetters" | "deadDispatches">;
  readonly checkers: readonly Checker[];
}

interface Step {
  readonly at: number;
  readonly said: Said | HeardFact;
}

/** Judges every change in its turn, then what has come of it all. */
export async function replay(options: ReplayOptions): Promise<Judge> {
  const { history, checkers, rest } = options;
  const before = await Promise.all(history.before.map(readRecord));
  const steps = await stepsOf(options);
  const audits = auditsOf([...before, ...steps.map(({ said }) => said)]);
  const manifests = await manifestsOf([...before, ...steps.map(({ said }) => said)], options.version);
  const world = createReplica(options, manifests);
  let now = 0;
  const judge = createJudge({ database: () => world.database, now: () => now, checkers });
  // Those are no changes: nobody saw how they came about.
  for (const said of before) if (said.kind === "dag") begin(world, judge, said.stored, history.changes[0]?.at ?? 0);
  for (const { at, said } of steps) {
    now = at;
    if (said.kind === "fact") judge.published({ by: BY, at, fact: said.fact });
    else apply(world, judge, { at, said, audits });
  }
  const deeds = { deployed: [], dropped: [], cancelled: [], started: new Map<string, Set<never>>() };
  judge.judge("atRest", { ...rest, now, faultsStoppedAt: now, deeds });
  return judge;
}

/** Of the same millisecond, what is stored comes first: a fact is published after its commit. */
async function stepsOf({ history, attemptsTable }: ReplayOptions): Promise<readonly Step[]> {
  const changes: Step[] = [];
  for (const { at, image, table } of history.changes) {
    if (image === undefined) continue; // Nothing is removed but by its time to live.
    const said = table === attemptsTable ? await readAttempt(image) : await readRecord(image);
    changes.push({ at, said });
  }
  return [...changes, ...history.facts.map((fact) => ({ at: fact.at, said: fact }))].toSorted((a, b) => a.at - b.at);
}

const auditKey = (record: string, version: number): string => `${record}|${version}`;

/** An entry is stored in the transaction of the change that it is about, after it. */
function auditsOf(all: readonly (Said | HeardFact)[]): ReadonlyMap<string, StoredAudit> {
  return new Map(
    all.flatMap((said) =>
      said.kind === "audit"
        ? [[auditKey(said.record, said.version), { ...said.entry, version: said.version }] as const]
        : [],
    ),
  );
}

async function manifestsOf(
  all: readonly (Said | HeardFact)[],
  load: ReplayOptions["version"],
): Promise<ReadonlyMap<VersionHash, Manifest>> {
  const versions = new Set(
    all.flatMap((said): readonly VersionHash[] => {
      if (said.kind === "run" || said.kind === "dag") return [said.stored.value.version];
      return said.kind === "backfill" ? [said.stored.value.plan.version] : [];
    }),
  );
  return new Map(
    await Promise.all([...versions].map(async (version) => [version, (await load(version)).manifest] as const)),
  );
}

interface Replica {
  readonly database: Database;
  readonly tables: { readonly [Kind in "runs" | "dags" | "pools" | "backfills"]: Map<string, Row<never>> };
  readonly audits: Map<string, StoredAudit[]>;
  putAttempt(row: AttemptRow): void;
}

const notHere = (): never => {
  throw new Error("a history is read, not written");
};

const tableOf = <Id extends string, T>(rows: ReadonlyMap<string, Row<never>>): RecordTable<Id, T> => ({
  rows: rows as unknown as ReadonlyMap<Id, Row<T>>,
  load: notHere,
  create: notHere,
  commit: notHere,
});

/** What checkers look at: the records as they were at each moment. */
function createReplica({ blobs }: ReplayOptions, manifests: ReadonlyMap<VersionHash, Manifest>): Replica {
  const tables = { runs: new Map(), dags: new Map(), pools: new Map(), backfills: new Map() };
  const audits = new Map<string, StoredAudit[]>();
  const attempts = new Map<string, AttemptRow>();
  const instances = new Map<string, Set<string>>();
  const instanceOf = ({ runId, taskId, mapIndex }: Omit<AttemptKey, "attempt">): string =>
    `${runId}#${taskId}#${mapIndex}`;
  const index = { set: notHere, shown: notHere, least: notHere, catchUp: notHere };
  const database: Database = {
    runs: tableOf(tables.runs),
    dags: tableOf(tables.dags),
    pools: tableOf(tables.pools),
    backfills: tableOf(tables.backfills),
    versions: new Map(),
    audits,
    attempts: {
      rows: attempts,
      ofInstance: (key) => [...(instances.get(instanceOf(key)) ?? [])].map((text) => attempts.get(text) as AttemptRow),
      get: (key) => attempts.get(attemptKeyText(key))?.item,
      claim: notHere,
      heartbeat: notHere,
      finish: notHere,
      close: notHere,
    },
    inbox: new Map(),
    blobs: new Map(blobs),
    due: index,
    queued: index,
    listed: index,
    manifest: (version) => manifests.get(version) ?? notHere(),
    commits: notHere,
  };
  return {
    database,
    tables,
    audits,
    putAttempt(row) {
      const text = attemptKeyText(row.key);
      attempts.set(text, row);
      instances.set(instanceOf(row.key), (instances.get(instanceOf(row.key)) ?? new Set()).add(text));
    },
  };
}

const rowOf = <T>(stored: Stored<T>): Row<never> => ({ ...stored, commitId: commitId("replayed") }) as Row<never>;

function begin(
  { database, tables }: Replica,
  judge: Judge,
  stored: Extract<Said, { kind: "dag" }>["stored"],
  at: number,
): void {
  const { value, version } = stored;
  tables.dags.set(value.dagId, rowOf(stored));
  judge.ledger.versions.set(value.dagId, version);
  const manifest = database.manifest(value.version);
  judge.ledger.noteDag({ by: BY, at, now: at, before: undefined, after: value, version, manifest, audit: undefined });
}

interface Applied {
  readonly at: number;
  readonly said: Said;
  readonly audits: ReadonlyMap<string, StoredAudit>;
}

function apply(world: Replica, judge: Judge, { at, said, audits }: Applied): void {
  const { database, tables } = world;
  const common = { by: BY, at, now: at };
  switch (said.kind) {
    case "run": {
      const { value: after, version } = said.stored;
      const before = database.runs.rows.get(after.runId)?.value;
      tables.runs.set(after.runId, rowOf(said.stored));
      const audit = noteAudit(world, `run#${after.runId}`, audits.get(auditKey(`RUN#${after.runId}`, version)));
      const manifest = manifestOf(after, database.manifest(after.version));
      return judge.runChanged({ ...common, before, after, version, manifest, audit });
    }
    case "dag": {
      const { value: after, version } = said.stored;
      const before = database.dags.rows.get(after.dagId)?.value;
      // The first image of the stream may be one that was there when the recording began.
      if ((judge.ledger.versions.get(after.dagId) ?? 0) >= version) return;
      tables.dags.set(after.dagId, rowOf(said.stored));
      const audit = noteAudit(world, `dag#${after.dagId}`, audits.get(auditKey(`DAG#${after.dagId}`, version)));
      return judge.dagChanged({ ...common, before, after, version, manifest: database.manifest(after.version), audit });
    }
    case "pool": {
      const { value: after, version } = said.stored;
      const before = database.pools.rows.get(after.poolId)?.value;
      tables.pools.set(after.poolId, rowOf(said.stored));
      return judge.poolChanged({ ...common, before, after, version });
    }
    case "backfill": {
      const { value: after, version } = said.stored;
      const before = database.backfills.rows.get(after.backfillId)?.value;
      tables.backfills.set(after.backfillId, rowOf(said.stored));
      const manifest = database.manifest(after.plan.version);
      return judge.backfillChanged({ ...common, before, after, version, manifest });
    }
    case "attempt": {
      const before = database.attempts.get(said.key);
      world.putAttempt(said);
      return judge.attemptChanged({ ...common, key: said.key, before, after: said.item });
    }
    default:
  }
}

function noteAudit({ audits }: Replica, key: string, audit: StoredAudit | undefined): StoredAudit | undefined {
  if (audit !== undefined) audits.set(key, [audit, ...(audits.get(key) ?? [])]);
  return audit;
}
