import type { ObjectStore } from "../../shared/core/task-host.ts";
import type { Subject } from "./subject.ts";

export interface ObjectStoreSubject extends Subject {
  readonly store: ObjectStore;
  /** Two buckets, empty. */
  readonly bucket: string;
  readonly otherBucket: string;
  /** An empty local folder. */
  readonly scratch: string;
}
