/** What a deployment brings: the versions of all DAGs, and where their code lies until it is taken in. */
import * as z from "zod/mini";
import { FreshetError } from "../core/errors.ts";
import { versionHash, type VersionHash } from "../core/ids.ts";
import type { Manifest } from "../core/manifest.ts";
import { said } from "./said.ts";

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const releaseSchema = z.object({
  v: z.literal(1),
  dags: z.array(
    z.object({
      version: z.pipe(
        z.string(),
        z.transform((value): VersionHash => versionHash(value)),
      ),
      /** Compiled and checked where it was made; its version is its hash. */
      manifest: z.custom<Manifest>((value) => typeof value === "object" && value !== null && "dagId" in value),
      /** SHA-256 of its code bundle. */
      bundle: sha256,
    }),
  ),
  /** `name@version` of the npm packages that the bundles import. */
  packages: z.array(z.string()),
  /** By the hash of a bundle, the key of the object that it was uploaded as. */
  uploads: z.optional(z.record(sha256, z.string())),
});
export type Release = z.infer<typeof releaseSchema>;

/** Throws INVALID_MESSAGE, which says what is wrong with it. */
export function parseRelease(text: string): Release {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FreshetError("INVALID_MESSAGE", "the release is not JSON: synthesize it again", { cause });
  }
  const parsed = releaseSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FreshetError("INVALID_MESSAGE", `the release is not as agreed: ${said(parsed.error)}`);
}
