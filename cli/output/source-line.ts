/** Lines of the author's files, for messages. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { SourceLine } from "./problems.ts";

/** Reads from disk, each file once; files are named relative to `cwd`. What cannot be read is not shown. */
export function sourceLines(cwd: string): SourceLine {
  const files = new Map<string, readonly string[]>();
  return ({ file, line }) => {
    let lines = files.get(file);
    if (lines === undefined) files.set(file, (lines = linesOf(resolve(cwd, file))));
    return lines[line - 1];
  };
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/);
  } catch {
    return [];
  }
}
