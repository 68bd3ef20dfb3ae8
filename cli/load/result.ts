/** What a load gives. */
import type { VersionHash } from "../../shared/core/ids.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Problem } from "../../shared/core/problem.ts";

export interface LoadedDag {
  readonly manifest: Manifest;
  readonly version: VersionHash;
  /** Its DAG file, absolute. */
  readonly file: string;
  /** All of the author's files that it is made of, absolute, its own among them. */
  readonly sources: readonly string[];
}

export interface LoadResult {
  /** Those without errors, by file, then in the order of the file. */
  readonly dags: readonly LoadedDag[];
  readonly problems: readonly Problem[];
  /** The DAG files that were found, absolute. */
  readonly files: readonly string[];
  /** All of the author's files that they are made of or ask for, absolute: a change of any matters. */
  readonly sources: readonly string[];
  /** `name@version` of the npm packages that they import, each once. */
  readonly packages: readonly string[];
}
