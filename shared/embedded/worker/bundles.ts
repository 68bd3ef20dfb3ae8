/** Where code bundles lie, and how a process that runs them gets at one. */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { FreshetError } from "../../core/errors.ts";
import type { Bundle } from "../../core/task-host.ts";
import { bundleKey } from "../../ports/blob-store.ts";
import { createBlobStore, type FolderBlobStore } from "../files/blob-store.ts";

/** The folder of a home's blob store. */
export const blobsOf = (home: string): string => join(home, "blobs");

/**
 * Bundles import npm packages by name, which Node looks up from where the bundle lies. A home inside the project finds the
 * project's `node_modules`; for any other home they are linked into it.
 */
export function linkPackages(home: string, projectRoot: string): void {
  const root = resolve(projectRoot);
  if (`${resolve(home)}${sep}`.startsWith(`${root}${sep}`)) return;
  const [link, target] = [join(home, "node_modules"), join(root, "node_modules")];
  const there = lstatSync(link, { throwIfNoEntry: false });
  if (there !== undefined) {
    if (!there.isSymbolicLink()) return; // Somebody's own packages: theirs to decide.
    if (readlinkSync(link) === target) return;
    rmSync(link);
  }
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(target, link, "junction");
}

export interface BundleLoader {
  /** Throws FreshetError (BUNDLE_NOT_FOUND, BUNDLE_DAMAGED) or whatever the bundle throws as it is imported. */
  load(hash: string): Promise<Bundle<AbortSignal>>;
}

export function createBundleLoader(home: string): BundleLoader {
  const bundles = new Map<string, Promise<Bundle<AbortSignal>>>();
  const blobs = createBlobStore({ root: blobsOf(home) });
  return {
    load(hash) {
      const known = bundles.get(hash);
      if (known !== undefined) return known;
      const loading = importBundle(blobs, hash);
      bundles.set(hash, loading);
      return loading;
    },
  };
}

async function importBundle(blobs: FolderBlobStore, hash: string): Promise<Bundle<AbortSignal>> {
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    throw new FreshetError("BUNDLE_NOT_FOUND", `${JSON.stringify(hash)} is no hash of a code bundle`);
  }
  const path = await blobs.path(bundleKey(hash));
  if (path === undefined) {
    throw new FreshetError("BUNDLE_NOT_FOUND", `the code bundle ${hash} is not there; register its DAG again`);
  }
  await verify(path, hash);
  const loaded = await importModule(path);
  const bundle = loaded.default;
  if (bundle?.freshetBundle === 1 && bundle.execute !== undefined) return bundle as Bundle<AbortSignal>;
  throw new FreshetError(
    "BUNDLE_DAMAGED",
    `${path} is not a code bundle that this Freshet can run; register its DAG again`,
  );
}

async function importModule(path: string): Promise<{ readonly default?: Partial<Bundle<AbortSignal>> }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: Partial<Bundle<AbortSignal>> };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    const what = error.message.replace(/ imported from .*/s, "");
    const remedy = "install it with npm where the pipelines are";
    throw new FreshetError("LOAD_FAILED", `the pipeline's code needs something that is not there: ${what}; ${remedy}`, {
      cause: error,
    });
  }
}

async function verify(path: string, hash: string): Promise<void> {
  const found = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  if (found === hash) return;
  const text = `the code bundle ${path} has the hash ${found}; its name says otherwise: it was changed after it was registered`;
  throw new FreshetError("BUNDLE_DAMAGED", `${text}. Delete it and register its DAG again`);
}
