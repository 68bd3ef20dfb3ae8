/** What names a version of a DAG. */
import { hash } from "node:crypto";
import { versionHash, type VersionHash } from "../../shared/core/ids.ts";
import { canonicalJson } from "../../shared/core/json.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Source } from "./protocol.ts";

/**
 * Hash of the author's code: their source files, named relative to the project, and the npm packages that those import.
 * Freshet's own code is no part of it, so that a newer Freshet makes no new versions.
 */
export const codeHashOf = (sources: readonly Source[], packages: readonly string[]): string =>
  hash("sha256", canonicalJson({ sources: sources.map(({ path, sha256 }) => [path, sha256]), packages }));

/** The version of a DAG: the hash of its manifest, in which the hash of its code stands. */
export const versionOf = (manifest: Manifest): VersionHash => versionOfText(canonicalJson(manifest));

/** The same, of the manifest as canonical JSON. */
export const versionOfText = (text: string): VersionHash => versionHash(hash("sha256", text));
