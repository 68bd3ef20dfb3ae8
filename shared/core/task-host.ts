/**
 * What lies between an executor and the code bundle of a DAG. A bundle carries the runtime it was built with, so a run in
 * flight keeps its code and its semantics; the executor gives it the attempt and the host below.
 */
import type { ArrivedObject, Dispatch, Outcome } from "./attempt.ts";
import type { JsonObject, JsonValue } from "./json.ts";

export interface RunnerInput {
  readonly dispatch: Dispatch;
  /** By the id of the upstream task; absent: it gave no output. */
  readonly outputs: { readonly [taskId: string]: JsonValue };
  /** Of an instance of a mapped task. */
  readonly item?: { readonly value: JsonValue };
  /** The objects that started the run, whether the dispatch lists them or a blob does. */
  readonly files: readonly ArrivedObject[];
}

/** How the user's code ended: an outcome whose output has not been stored yet. */
export type RunnerResult =
  | {
      readonly kind: "success";
      readonly output?: JsonValue;
      readonly chosen?: readonly string[];
      readonly proceed?: boolean;
      /** The names of the items that are not null, by the id of the mapped task that names them; a text: why it cannot. */
      readonly keys?: { readonly [taskId: string]: readonly string[] | string };
      readonly child?: { readonly params: JsonObject };
    }
  | Exclude<Outcome, { readonly kind: "success" }>;

export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** Changes whenever the content does. */
  readonly etag: string;
  /** ISO 8601. */
  readonly modifiedAt: string;
}

export type PutCondition = { readonly ifMatch: string } | { readonly ifNoneMatch: "*" };

/** The user's buckets, as tasks reach them. Keys are plain text, as S3 has them, any characters. */
export interface ObjectStore {
  get(bucket: string, key: string): Promise<{ readonly body: Uint8Array; readonly info: ObjectInfo } | undefined>;
  head(bucket: string, key: string): Promise<ObjectInfo | undefined>;
  /** Stores the whole object or nothing. With a condition that does not hold: `changed`, and nothing is written. */
  put(
    bucket: string,
    key: string,
    body: Uint8Array,
    condition?: PutCondition,
  ): Promise<{ readonly etag: string } | "changed">;
  /** All keys that begin with `prefix`, in code-unit order. */
  list(bucket: string, prefix: string): Promise<readonly ObjectInfo[]>;
  /** `missing` if there is no object at `from`. */
  copy(bucket: string, from: string, to: string): Promise<"copied" | "missing">;
  /** Nothing happens if there is none. */
  delete(bucket: string, key: string): Promise<void>;
  /** A local file with the object's content, read only, for tools that want a path; undefined if there is no object. */
  download(bucket: string, key: string, scratch: string): Promise<string | undefined>;
  /** Stores the content of a local file as the object. */
  upload(bucket: string, key: string, path: string): Promise<{ readonly etag: string }>;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where an attempt runs. */
export interface EnvironmentFacts {
  /** `dev`, `staging`, `prod` ...; `local` on one machine. */
  readonly name: string;
  /** How far back it holds data, in milliseconds; null: all there is. */
  readonly dataWindowMs: number | null;
}

/** Of what runs on one machine, unless more is said. */
export const LOCAL_ENVIRONMENT: EnvironmentFacts = { name: "local", dataWindowMs: null };

/** What an executor offers to the code of one attempt. `Signal` is AbortSignal, which this layer does not know. */
export interface TaskHost<Signal> {
  /** Aborts when the attempt times out, is cancelled or superseded. */
  readonly signal: Signal;
  /** An empty local folder for this attempt alone; removed when it ends. */
  readonly scratch: string;
  /** Where the attempt's staging lies: `bucket` and a prefix that no other attempt has, ending in `/`. */
  readonly staging: { readonly bucket: string; readonly prefix: string };
  readonly objects: ObjectStore;
  readonly environment: EnvironmentFacts;
  log(level: LogLevel, message: string, fields?: { readonly [key: string]: JsonValue }): void;
  /** Milliseconds since 1970, for the runtime's own waits. */
  now(): number;
}

/** The default export of a code bundle. */
export interface Bundle<Signal> {
  readonly freshetBundle: 1;
  /** Never rejects: whatever the user's code does becomes a result. */
  execute(input: RunnerInput, host: TaskHost<Signal>): Promise<RunnerResult>;
}
