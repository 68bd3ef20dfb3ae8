/** The list of objects that started a run: in its record while it is short, else in the blob store. */
import type { ArrivedObject } from "../core/attempt.ts";
import { FreshetError } from "../core/errors.ts";
import type { RunId } from "../core/ids.ts";
import type { Run } from "../core/run.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Engine } from "./engine.ts";

/** The list travels with every dispatch of the run, so what stays in place is small. */
const FILES_INLINE_BYTES_MAX = 16_384;

export async function listFiles(
  engine: Pick<Engine, "blobs" | "ids">,
  runId: RunId,
  files: readonly ArrivedObject[],
): Promise<Run["files"]> {
  const body = new TextEncoder().encode(JSON.stringify(files));
  if (body.length <= FILES_INLINE_BYTES_MAX) return files;
  // Two tries of one window may list different arrivals, and the first stored run wins: each list has its own key.
  const blob = `runs/${runId}/files-${engine.ids.digest(JSON.stringify(files))}.json`;
  await engine.blobs.put(blob, body);
  return { blob };
}

/** Throws RECORD_DAMAGED if the list is gone. */
export async function loadFiles(blobs: BlobStore, files: Run["files"]): Promise<readonly ArrivedObject[]> {
  if (!("blob" in files)) return files;
  const body = await blobs.get(files.blob);
  if (body === undefined) throw new FreshetError("RECORD_DAMAGED", `the list of files '${files.blob}' is missing`);
  return JSON.parse(new TextDecoder().decode(body)) as readonly ArrivedObject[];
}
