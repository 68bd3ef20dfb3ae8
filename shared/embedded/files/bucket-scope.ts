/** Which files below the folder of the buckets somebody waits for. */
import { relative, sep } from "node:path";
import { folderOfPrefix, keyOfPath } from "./key-paths.ts";

/** Objects that somebody waits for: those of the bucket whose keys begin and end so. */
export interface BucketInterest {
  readonly bucket: string;
  readonly prefix: string;
  readonly suffix: string;
}

export interface BucketScope {
  /** The object that the file at this path is, if somebody waits for it. */
  objectAt(path: string): { readonly bucket: string; readonly key: string } | undefined;
  /** Whether such a file can be at this path or below it. */
  mayHold(path: string): boolean;
  /** Folders in which, or below which, all of them are. */
  readonly folders: readonly (readonly string[])[];
}

/** `root`: the folder of the buckets, by its real path. */
export function bucketScope(root: string, interests: readonly BucketInterest[]): BucketScope {
  const folders = interests.map(({ bucket, prefix }) => [bucket, ...folderOfPrefix(prefix)]);
  const namesOf = (path: string): readonly string[] => {
    const inside = relative(root, path);
    return inside === "" ? [] : inside.split(sep);
  };
  return {
    folders,
    objectAt(path) {
      const [bucket = "", ...names] = namesOf(path);
      const key = keyOfPath(names);
      if (key === undefined) return undefined;
      const wanted = interests.some(
        (interest) => interest.bucket === bucket && key.startsWith(interest.prefix) && key.endsWith(interest.suffix),
      );
      return wanted ? { bucket, key } : undefined;
    },
    mayHold(path) {
      const names = namesOf(path);
      return folders.some((folder) => {
        const common = Math.min(folder.length, names.length);
        return names.slice(0, common).every((name, index) => name === folder[index]);
      });
    },
  };
}
