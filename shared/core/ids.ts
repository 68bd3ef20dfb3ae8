/** Branded identifiers, their grammar, and the keys made of them. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type DagId = Branded<"DagId">;
export type TaskId = Branded<"TaskId">;
export type RunId = Branded<"RunId">;
/** Content hash (64 hex digits) that names a DagVersion: its canonical manifest and code bundle. */
export type VersionHash = Branded<"VersionHash">;
/** Names one write of a record, so that a lost reply is recognised as our own success. */
export type CommitId = Branded<"CommitId">;
export type TriggerId = Branded<"TriggerId">;
/** Declared pools have a name like a DAG's; those of a limit, the kind of limit and a `:` before it: `task:orders.load`. */
export type PoolId = Branded<"PoolId">;
export type BackfillId = Branded<"BackfillId">;

/** The `mapIndex` of a task instance that is not mapped; JSON shows it as null. */
export const UNMAPPED = -1;

const DAG_ID_LENGTH_MAX = 80;
const TASK_ID_LENGTH_MAX = 120;
const RUN_ID_LENGTH_MAX = 200;

/**
 * `#` and `/` separate the parts of our keys, a run id begins with its DAG's id and a dot, and ids become folder names:
 * so a DAG id has letters, digits, `_` and `-`; a task id also has single dots, between the names of groups.
 */
const ID_CHARACTER = /[A-Za-z0-9_-]/;
/** Names that every object has already: as a property they would be found where nothing was put. */
const RESERVED = new Set([...Object.getOwnPropertyNames(Object.prototype), "prototype"]);

export type IdKind = "dag" | "task" | "trigger" | "run" | "pool";

const LENGTH_MAX: Readonly<Record<IdKind, number>> = {
  dag: DAG_ID_LENGTH_MAX,
  task: TASK_ID_LENGTH_MAX,
  trigger: DAG_ID_LENGTH_MAX,
  run: RUN_ID_LENGTH_MAX,
  pool: DAG_ID_LENGTH_MAX,
};

/** Why `value` cannot be an id of this kind, as the end of a sentence (`... has '/' at position 3`); undefined if it can. */
export function idFault(kind: IdKind, value: unknown): string | undefined {
  if (typeof value !== "string") return `is ${value === null ? "null" : typeof value}, not a string`;
  if (value === "") return "is empty";
  if (value.length > LENGTH_MAX[kind]) return `has ${value.length} characters; at most ${LENGTH_MAX[kind]} are allowed`;
  if (RESERVED.has(value)) return "is a reserved name";
  const dots = kind === "task" || kind === "run";
  for (const [index, character] of Array.from(value).entries()) {
    if (ID_CHARACTER.test(character) || (dots && character === ".")) continue;
    return `has ${JSON.stringify(character)} at position ${index + 1}; letters, digits, '_' and '-'${dots ? ", and '.' between names," : ""} are allowed`;
  }
  if (dots && value.split(".").some((part) => part === "")) return "has an empty name beside a '.'";
  return undefined;
}

function checked<Id extends string>(kind: IdKind): (value: string) => Id {
  return (value) => {
    const fault = idFault(kind, value);
    if (fault !== undefined) throw new TypeError(`${kind} id ${JSON.stringify(value)} ${fault}`);
    return value as Id;
  };
}

/** Each throws TypeError on a value outside the grammar; use `idFault` first for input that a person wrote. */
export const dagId = checked<DagId>("dag");
export const taskId = checked<TaskId>("task");
export const runId = checked<RunId>("run");
export const triggerId = checked<TriggerId>("trigger");
/** Of a declared pool, or of a limit as `limitPool` names it. Throws TypeError on anything else. */
export function poolId(value: string): PoolId {
  const fault = isLimit(value) ? undefined : idFault("pool", value);
  if (fault !== undefined) throw new TypeError(`pool id ${JSON.stringify(value)} ${fault}`);
  return value as PoolId;
}
const isLimit = (value: string): boolean => {
  const [, dag, ofDag, task] = /^(?:dag:(.*)|task:([^.]*)\.(.*))$/.exec(value) ?? [];
  if (dag !== undefined) return idFault("dag", dag) === undefined;
  return idFault("dag", ofDag) === undefined && idFault("task", task) === undefined;
};
/** The pool that a limit is: how many tasks of a DAG, or attempts of one task in all of its runs, are at work at once. */
export const limitPool = (kind: "dag" | "task", name: string): PoolId => `${kind}:${name}` as PoolId;
/** A backfill is named as runs are: its DAG, `backfill`, and when. */
export const backfillId = checked<BackfillId>("run");
export const versionHash = (value: string): VersionHash => {
  if (!/^[0-9a-f]{64}$/.test(value)) throw new TypeError(`version ${JSON.stringify(value)} is not a content hash`);
  return value as VersionHash;
};
export const commitId = (value: string): CommitId => value as CommitId;

/** Names one attempt of a task instance: the fencing token everywhere. */
export interface AttemptKey {
  readonly runId: RunId;
  readonly taskId: TaskId;
  /** Zero-based index of a mapped instance, `UNMAPPED` otherwise. */
  readonly mapIndex: number;
  /** 1 for the first try; strictly rises. */
  readonly attempt: number;
}

/** One string for one attempt; its parts cannot contain the separator. */
export const attemptKeyText = (key: AttemptKey): string =>
  `${key.runId}#${key.taskId}#${key.mapIndex === UNMAPPED ? "-" : key.mapIndex}#${key.attempt}`;

/** The DAG that a run belongs to: the part of its id before the first dot. */
export const dagOfRun = (id: RunId): DagId => id.slice(0, id.indexOf(".")) as DagId;
