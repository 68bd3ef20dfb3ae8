/** What the loader and its processes say to each other: a line of JSON a message, over two pipes. */
import type { VersionHash } from "../../shared/core/ids.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Problem, SourcePlace } from "../../shared/core/problem.ts";

export const LOADER_IN_FD = 3;
export const LOADER_OUT_FD = 4;

/** What a loader process is told as it starts, as its one argument. All paths are absolute. */
export interface LoaderSettings {
  /** Of the project: what sources are named by, so that a version does not depend on where the project lies. */
  readonly root: string;
  /** What paths in messages are relative to. */
  readonly cwd: string;
}

/** `together`: compiled as one, for files that import each other. */
export type ToLoader = { readonly t: "load"; readonly files: readonly string[]; readonly together: boolean };

export type FromLoader =
  | { readonly t: "ready" }
  /** What happens from now on, happens because of this file. */
  | { readonly t: "begin"; readonly file: string }
  | { readonly t: "loaded"; readonly report: FileReport }
  /** The file ended the process. */
  | { readonly t: "exit"; readonly file: string; readonly code: number; readonly at: SourcePlace | null }
  /** A fault of the loader's own. */
  | { readonly t: "broken"; readonly message: string }
  /** All files of the `load` have been answered for. */
  | { readonly t: "end" };

/** A source file of the author's. */
export interface Source {
  /** Relative to the project's root, with `/`. */
  readonly path: string;
  readonly sha256: string;
}

export interface LoadedManifest {
  /** With its code hash, unless `open` is true for the file. */
  readonly manifest: Manifest;
  readonly version: VersionHash;
  /** Where the DAG is defined. */
  readonly at: SourcePlace | null;
}

export interface FileReport {
  readonly file: string;
  readonly dags: readonly LoadedManifest[];
  readonly problems: readonly Problem[];
  /** What the file and its imports are made of, or ask for in vain. Absolute. */
  readonly sources: readonly string[];
  /** `name@version` of the npm packages that they import. */
  readonly packages: readonly string[];
  /** They import more while they run: only the bundler knows what. The code hash is not that of all the code. */
  readonly open: boolean;
}
