/** Pipelines name buckets as they are called everywhere; in an environment each has a name of its own. */
import type { ObjectStore } from "../../core/task-host.ts";

/** By the name in the pipelines, the bucket's name in this environment. One that is not named is itself. */
export type BucketNames = Readonly<Record<string, string>>;

const actualBucket = (names: BucketNames, written: string): string => names[written] ?? written;

/** The name that pipelines have for a bucket of this environment. */
export const writtenBucket = (names: BucketNames, actual: string): string =>
  Object.keys(names).find((written) => names[written] === actual) ?? actual;

/** The store, asked by the names that pipelines use. */
export function withBucketNames(objects: ObjectStore, names: BucketNames): ObjectStore {
  const named = (bucket: string): string => actualBucket(names, bucket);
  return {
    get: (bucket, key) => objects.get(named(bucket), key),
    head: (bucket, key) => objects.head(named(bucket), key),
    put: (bucket, key, body, condition) => objects.put(named(bucket), key, body, condition),
    list: (bucket, prefix) => objects.list(named(bucket), prefix),
    copy: (bucket, from, to) => objects.copy(named(bucket), from, to),
    delete: (bucket, key) => objects.delete(named(bucket), key),
    download: (bucket, key, scratch) => objects.download(named(bucket), key, scratch),
    upload: (bucket, key, path) => objects.upload(named(bucket), key, path),
  };
}
