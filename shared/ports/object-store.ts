/** The user's buckets, as tasks see them. */
export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** Changes whenever the content does. */
  readonly etag: string;
  /** ISO 8601. */
  readonly modifiedAt: string;
}

export type PutCondition = { readonly ifMatch: string } | { readonly ifNoneMatch: "*" };

export interface ObjectStore {
  get(bucket: string, key: string): Promise<{ readonly body: Uint8Array; readonly info: ObjectInfo } | undefined>;
  head(bucket: string, key: string): Promise<ObjectInfo | undefined>;
  /** Stores the whole object or nothing. With a condition that does not hold: `changed`, and nothing is written. */
  put(bucket: string, key: string, body: Uint8Array, condition?: PutCondition): Promise<{ readonly etag: string } | "changed">;
  /** All keys that begin with `prefix`, in code-unit order. */
  list(bucket: string, prefix: string): Promise<readonly ObjectInfo[]>;
  copy(bucket: string, from: string, to: string): Promise<void>;
  /** Nothing happens if there is none. */
  delete(bucket: string, key: string): Promise<void>;
  /** A local file with the object's content, for tools that want a path; read only. undefined if there is no such object. */
  download(bucket: string, key: string, scratch: string): Promise<string | undefined>;
  /** Stores the content of a local file as the object. */
  upload(bucket: string, key: string, path: string): Promise<{ readonly etag: string }>;
}
