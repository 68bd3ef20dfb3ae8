/** Where in the author's files a definition was made. */
import type { SourcePlace } from "../../core/problem.ts";
import type { CallSite } from "../definition.ts";

/** `at task (file:///…/sales.dag.ts?v=3:14:11)`, `at async file:///…:14:11`. */
const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*?):(\d+):(\d+)\)?$/;

/**
 * The first place in `file` (a path as the person would type it); else, in a file of theirs that `file` called, the first place
 * there is; undefined if the stack names none.
 */
export function placeOf(site: CallSite, file: string): SourcePlace | undefined {
  const frames = (site.stack ?? "").split("\n").flatMap((line) => frameOf(line) ?? []);
  const tail = `/${file.replaceAll("\\", "/").replace(/^(\.{0,2}\/)+/, "")}`;
  const own = frames.find((frame) => frame.path.endsWith(tail));
  if (own !== undefined) return { file, line: own.line, column: own.column };
  const [first] = frames.filter(({ path }) => !path.startsWith("node:"));
  return first === undefined ? undefined : { file: first.path, line: first.line, column: first.column };
}

interface Frame {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

function frameOf(line: string): Frame | undefined {
  const match = FRAME.exec(line.trim());
  if (match === null) return undefined;
  return { path: pathOf(match[1] ?? ""), line: Number(match[2]), column: Number(match[3]) };
}

/** Without the scheme, and without the query by which a file is imported anew. */
function pathOf(address: string): string {
  if (!address.startsWith("file://")) return address.replaceAll("\\", "/");
  const [bare = ""] = address.slice("file://".length).split("?");
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
