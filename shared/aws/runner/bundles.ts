/** Code bundles from the blob store, verified, kept as local files, imported once a thread. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FreshetError } from "../../core/errors.ts";
import type { Bundle } from "../../core/task-host.ts";
import { bundleKey, type BlobStore } from "../../ports/blob-store.ts";

export interface BundleLoader {
  /** Throws FreshetError (BUNDLE_NOT_FOUND, BUNDLE_DAMAGED), or whatever the bundle throws as it is imported. */
  load(hash: string): Promise<Bundle<AbortSignal>>;
}

export function createBundleLoader(blobs: BlobStore, folder: string): BundleLoader {
  const loading = new Map<string, Promise<Bundle<AbortSignal>>>();
  return {
    load(hash) {
      const known = loading.get(hash) ?? importBundle(blobs, folder, hash);
      loading.set(hash, known);
      return known;
    },
  };
}

async function importBundle(blobs: BlobStore, folder: string, hash: string): Promise<Bundle<AbortSignal>> {
  const path = join(folder, "bundles", `${hash}.mjs`);
  if (!existsSync(path)) await fetchBundle(blobs, hash, path);
  const loaded = await importModule(path);
  if (loaded.default?.freshetBundle === 1 && loaded.default.execute !== undefined)
    return loaded.default as Bundle<AbortSignal>;
  throw new FreshetError("BUNDLE_DAMAGED", `bundle ${hash} is none that this executor can run: deploy its DAG again`);
}

async function fetchBundle(blobs: BlobStore, hash: string, path: string): Promise<void> {
  const body = await blobs.get(bundleKey(hash));
  if (body === undefined) {
    throw new FreshetError("BUNDLE_NOT_FOUND", `the code bundle ${hash} is not there: deploy its DAG again`);
  }
  const found = createHash("sha256").update(body).digest("hex");
  if (found !== hash) {
    throw new FreshetError(
      "BUNDLE_DAMAGED",
      `the code bundle ${hash} has the hash ${found}: it was changed after it was deployed; deploy its DAG again`,
    );
  }
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, body);
}

async function importModule(path: string): Promise<{ readonly default?: Partial<Bundle<AbortSignal>> }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: Partial<Bundle<AbortSignal>> };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    const what = error.message.replace(/ imported from .*/s, "");
    throw new FreshetError(
      "LOAD_FAILED",
      `the pipeline's code needs something that is not there: ${what}; it belongs to the dependencies in package.json, so that a deployment packs it`,
      { cause: error },
    );
  }
}
