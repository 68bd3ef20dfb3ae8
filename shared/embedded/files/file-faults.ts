import { FreshetError } from "../../core/errors.ts";

export const errorCode = (error: unknown): string | undefined => {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
};

/** Nothing is at the path, or something on the way to it is no folder. */
export const isAbsent = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "");

/** A fault of the file system in our words; an error that is none comes back as it is. `what`: `object 'k' of 'b'`. */
export function fileFault(error: unknown, what: string): unknown {
  const said = errorCode(error);
  const cause = { cause: error };
  switch (said) {
    case "ENOSPC":
    case "EDQUOT":
      return new FreshetError(
        "DISK_FULL",
        `no space left for ${what}; what was there stays: free some space and try again`,
        cause,
      );
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return new FreshetError(
        "HOME_UNUSABLE",
        `${what} cannot be used (${said}): make its folder writable for this user, or set FRESHET_HOME to another`,
        cause,
      );
    case "ENAMETOOLONG":
      return new FreshetError(
        "INVALID_KEY",
        `${what} is too long a path for this file system; use a shorter key`,
        cause,
      );
    case "EMFILE":
    case "ENFILE":
      return new FreshetError("UNAVAILABLE", `${what} cannot be opened: too many files are open; try again`, cause);
    default:
      return error;
  }
}
