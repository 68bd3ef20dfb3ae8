/** Takes a deployment's DAGs in: their code into the blob store, their versions as those that new runs get. */
import type { Release } from "../contract/release.ts";
import { FreshetError } from "../core/errors.ts";
import { bundleKey } from "../ports/blob-store.ts";
import type { Engine } from "./engine.ts";
import { register, unregister, type Registered } from "./register.ts";

/** Gives a bundle's bytes, verified; undefined if they are no longer where they were uploaded. */
export type FetchBundle = (hash: string) => Promise<Uint8Array | undefined>;

/**
 * Idempotent, in any order of releases: an older one brings its versions back, and runs in flight keep what they have. A DAG
 * that the release does not have stops, and stays readable. Throws BUNDLE_NOT_FOUND.
 */
export async function takeRelease(
  engine: Engine,
  release: Release,
  fetchBundle: FetchBundle,
): Promise<readonly Registered[]> {
  const hashes = new Set(release.dags.map(({ bundle }) => bundle));
  await Promise.all([...hashes].map((hash) => takeBundle(engine, hash, fetchBundle)));
  const registered = await register(engine, release.dags);
  const removed = await unregister(engine, new Set(release.dags.map(({ manifest }) => manifest.dagId)));
  return [...registered, ...removed];
}

async function takeBundle({ blobs }: Engine, hash: string, fetchBundle: FetchBundle): Promise<void> {
  const key = bundleKey(hash);
  if ((await blobs.range(key, 0, 1)) !== undefined) return;
  const body = await fetchBundle(hash);
  if (body === undefined) {
    throw new FreshetError("BUNDLE_NOT_FOUND", `the code bundle ${hash} was not uploaded: deploy again`);
  }
  await blobs.put(key, body);
}
