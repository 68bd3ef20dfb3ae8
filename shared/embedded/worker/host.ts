/** What an embedded executor offers to the code of one attempt. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UNMAPPED, type AttemptKey } from "../../core/ids.ts";
import type { EnvironmentFacts, ObjectStore, TaskHost } from "../../core/task-host.ts";
import { createObjectStore } from "../files/object-store.ts";

export interface HostOptions {
  readonly key: AttemptKey;
  readonly home: string;
  readonly stagingBucket: string;
  readonly environment: EnvironmentFacts;
  readonly signal: AbortSignal;
  /** A path that nothing else uses; the folder is made when the code first asks for it. */
  readonly scratch: string;
  readonly log: TaskHost<AbortSignal>["log"];
}

export interface OpenHost {
  readonly host: TaskHost<AbortSignal>;
  /** The attempt has ended: removes its scratch folder. */
  close(): void;
}

/** Staging of the attempt and of no other; a mapped instance is marked by `@`, which is in no id. */
function stagingPrefix({ runId, taskId, mapIndex, attempt }: AttemptKey): string {
  const instance = mapIndex === UNMAPPED ? taskId : `${taskId}@${mapIndex}`;
  return `staging/${runId}/${instance}/${attempt}/`;
}

/** One store a process: it holds no connection. */
let objects: { readonly home: string; readonly store: ObjectStore } | undefined;

function objectsOf(home: string): ObjectStore {
  if (objects?.home !== home) objects = { home, store: createObjectStore({ root: join(home, "buckets") }) };
  return objects.store;
}

export function createHost({ key, home, stagingBucket, environment, signal, scratch, log }: HostOptions): OpenHost {
  let scratchMade = false;
  return {
    host: {
      signal,
      get scratch() {
        if (!scratchMade) mkdirSync(scratch, { recursive: true });
        scratchMade = true;
        return scratch;
      },
      staging: { bucket: stagingBucket, prefix: stagingPrefix(key) },
      objects: objectsOf(home),
      environment,
      log,
      now: () => Date.now(),
    },
    close() {
      if (scratchMade) rmSync(scratch, { recursive: true, force: true });
    },
  };
}
