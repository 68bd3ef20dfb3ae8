/** What an executor and the threads that run the authors' code say to each other. */
import type { JsonObject } from "../../core/json.ts";
import type { EnvironmentFacts, LogLevel, RunnerInput, RunnerResult } from "../../core/task-host.ts";
import type { BucketNames } from "../s3/bucket-names.ts";

/** What a thread is told as it starts. */
export interface ThreadSettings {
  readonly region: string;
  /** Of an emulator. */
  readonly endpoint?: string;
  /** Freshet's own bucket: bundles are read from it, attempts have their staging in it. */
  readonly bucket: string;
  readonly bucketNames: BucketNames;
  readonly environment: EnvironmentFacts;
  /** A local folder of this executor's: bundles and scratch. */
  readonly folder: string;
}

export type ToThread =
  | { readonly t: "run"; readonly id: number; readonly input: RunnerInput }
  /** Tell the code that it should stop. */
  | { readonly t: "abort"; readonly id: number; readonly reason: string };

export type FromThread =
  | {
      readonly t: "log";
      readonly id: number;
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: JsonObject;
    }
  /** The code is there, and begins: from now on its time counts. */
  | { readonly t: "began"; readonly id: number }
  /** `last`: give it nothing more, its state is not to be trusted. */
  | { readonly t: "result"; readonly id: number; readonly result: RunnerResult; readonly last: boolean };
