/** Where a code bundle lies. `hash`: SHA-256 of its bytes, in hex. */
export const bundleKey = (hash: string): string => `bundles/${hash}.mjs`;

/** Freshet's own large things: bundles, outputs too large for an item, long lists of files, logs. */
export interface BlobStore {
  /** Idempotent: a second put of a key with the same bytes is the same; keys carry what makes them unique. */
  put(key: string, body: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Bytes `start` to `end` (not included); shorter where the blob ends. */
  range(key: string, start: number, end: number): Promise<Uint8Array | undefined>;
}
