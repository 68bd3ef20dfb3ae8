/**
 * The two tables, their keys, attributes and indexes: the one place that names them. docs/adr/0003-dynamodb-tables.md says
 * why they are so. Shard counts and key forms are part of what is stored: changing one needs a migration.
 */

/** Both tables. */
const PARTITION_KEY = "pk";
const SORT_KEY = "sk";
/** Seconds since 1970 after which an item may be removed by DynamoDB's TTL; items without it stay. */
export const EXPIRES = "expires";

export interface IndexDefinition {
  readonly indexName: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly sortKeyType: "S" | "N";
  /** Attributes beside the keys; `all` copies the whole item. */
  readonly projected: readonly string[] | "all";
}

export interface TableDefinition {
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly expires: string;
  readonly globalIndexes: readonly IndexDefinition[];
  /** Read consistently; they exist from the table's first day or never. */
  readonly localIndexes: readonly IndexDefinition[];
}

/** Runs of one DAG, by logical date. `state` goes along so that a listing by state reads the index alone. */
export const RUNS_OF_DAG = {
  indexName: "runsOfDag",
  partitionKey: "dagRuns",
  sortKey: "order",
  sortKeyType: "S",
  projected: ["state"],
} as const satisfies IndexDefinition;

/** All runs by logical date, in `LISTING_SHARDS` parts; and all DAGs, and all pools, by id. */
export const LISTING = {
  indexName: "listing",
  partitionKey: "listing",
  sortKey: "order",
  sortKeyType: "S",
  projected: ["state"],
} as const satisfies IndexDefinition;

/** Queued runs of one DAG, by when they were queued. Sparse: a run leaves it when it is admitted. */
export const QUEUED = {
  indexName: "queued",
  partitionKey: "queuedOf",
  sortKey: "queuedOrder",
  sortKeyType: "S",
  projected: [],
} as const satisfies IndexDefinition;

/** Runs, DAGs and pools that need a look, by when, in `DUE_SHARDS` parts. Sparse: what has ended is not in it. */
export const DUE = {
  indexName: "due",
  partitionKey: "dueShard",
  sortKey: "dueAt",
  sortKeyType: "N",
  projected: [],
} as const satisfies IndexDefinition;

/** Arrivals that no run has taken, by when they came, in the partitions of their inbox. Sparse. */
export const WAITING = {
  indexName: "waiting",
  partitionKey: PARTITION_KEY,
  sortKey: "waitingOrder",
  sortKeyType: "S",
  projected: "all",
} as const satisfies IndexDefinition;

/** Runs, DAGs, their versions, pools, and the inbox of arrivals. Only the engine's roles reach it. */
export const ENGINE_TABLE: TableDefinition = {
  partitionKey: PARTITION_KEY,
  sortKey: SORT_KEY,
  expires: EXPIRES,
  globalIndexes: [RUNS_OF_DAG, LISTING, QUEUED, DUE],
  localIndexes: [WAITING],
};

/** One item for each attempt; executors write it. Without an index: a claim and a finish are one write each. */
export const ATTEMPTS_TABLE: TableDefinition = {
  partitionKey: PARTITION_KEY,
  sortKey: SORT_KEY,
  expires: EXPIRES,
  globalIndexes: [],
  localIndexes: [],
};

/** Raised with every change of what is stored that an older engine could not read. */
export const ENGINE_SCHEMA = 1;

export const DUE_SHARDS = 8;
export const LISTING_SHARDS = 8;
/** Partitions over which the attempts of one run are spread. */
export const ATTEMPT_SHARDS = 16;
/** Partitions over which the arrivals of one trigger are spread. */
export const INBOX_SHARDS = 8;

const DAY_MS = 86_400_000;
/**
 * How long an attempt is kept after its last change; longer than any run waits, for a run in flight reads the outputs of
 * its upstream attempts.
 */
export const ATTEMPT_RETENTION_MS = 400 * DAY_MS;
/** How long an arrival that a run took is known; longer than a queue and its dead letters keep a message (28 days). */
export const INBOX_RETENTION_MS = 90 * DAY_MS;
