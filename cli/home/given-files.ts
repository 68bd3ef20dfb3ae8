/** Objects that a person names as what a run starts with. */
import type { ArrivedObject } from "../../shared/core/attempt.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import { didYouMean } from "../../shared/core/problem.ts";
import type { ObjectStore } from "../../shared/core/task-host.ts";
import { plural } from "../output/words.ts";

const ADDRESS = /^s3:\/\/([^/]+)\/(.+)$/s;

/**
 * Each a key in the bucket of the DAG's arrival trigger, or `s3://bucket/key`. Throws OBJECT_NOT_FOUND, with the nearest
 * key, and USAGE where the bucket is not clear.
 */
export async function givenFiles(
  objects: ObjectStore,
  manifest: Manifest,
  given: readonly string[],
): Promise<readonly ArrivedObject[]> {
  return Promise.all(given.map(async (text) => givenFile(objects, manifest, text)));
}

async function givenFile(objects: ObjectStore, manifest: Manifest, text: string): Promise<ArrivedObject> {
  if (text.startsWith("s3://") && !ADDRESS.test(text))
    throw new FreshetError("USAGE", `--file is '${text}'; expected s3://<bucket>/<key>, or a key`);
  const [, bucket = bucketOf(manifest, text), key = text] = ADDRESS.exec(text) ?? [];
  const info = await objects.head(bucket, key);
  if (info !== undefined) {
    const { size, etag, modifiedAt } = info;
    return { bucket, key, size, etag, version: etag, arrivedAt: modifiedAt };
  }
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const near = await objects.list(bucket, folder);
  const known = near.map((object) => object.key);
  const where = folder === "" ? "it has" : `below '${folder}' it has`;
  throw new FreshetError(
    "OBJECT_NOT_FOUND",
    `there is no object '${key}' in bucket '${bucket}'${didYouMean(key, known)}; ${where} ${plural(known.length, "object")}`,
  );
}

/** The bucket of the trigger that would take the key, or of the only one. */
function bucketOf({ dagId, triggers }: Manifest, key: string): string {
  const taking = triggers.filter((trigger) => key.startsWith(trigger.prefix) && key.endsWith(trigger.suffix));
  const buckets = new Set((taking.length > 0 ? taking : triggers).map((trigger) => trigger.bucket));
  const [bucket, ...others] = buckets;
  if (bucket !== undefined && others.length === 0) return bucket;
  const why = bucket === undefined ? "has no arrival trigger" : `has triggers on ${[...buckets].join(" and ")}`;
  throw new FreshetError("USAGE", `--file is '${key}', but dag '${dagId}' ${why}; give s3://<bucket>/${key}`);
}
