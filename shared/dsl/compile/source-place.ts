/** Where in the author's files a definition was made. */
import type { SourcePlace } from "../../core/problem.ts";
import type { CallSite } from "../definition.ts";

/** `at task (file:///…/sales.dag.ts?v=3:14:11)`, `at async file:///…:14:11`. */
const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*?):(\d+):(\d+)\)?$/;

/** Tells where a call was made; undefined if the stack names no file. */
export type Places = (site: CallSite) => SourcePlace | undefined;

/**
 * The places of what a DAG file makes: the first one in the file itself (`file`, a path as the person would type it), else the
 * first one there is, in a file that it imports. `known` was made in the file: it tells where the person stands.
 */
export function placesIn(file: string, known: CallSite): Places {
  const tail = `/${file.replaceAll("\\", "/").replace(/^(\.{0,2}\/)+/, "")}`;
  let root: string | undefined;
  return (site) => {
    const frames = framesOf(site);
    const own = frames.find((frame) => frame.path.endsWith(tail));
    if (own !== undefined) return { file, line: own.line, column: own.column };
    const [first] = frames;
    if (first === undefined) return undefined;
    root ??= rootOf(framesOf(known), tail);
    const path = root !== "" && first.path.startsWith(root) ? first.path.slice(root.length) : first.path;
    return { file: path, line: first.line, column: first.column };
  };
}

/** The place of something that was made in `file` itself. */
export const placeOf = (site: CallSite, file: string): SourcePlace | undefined => placesIn(file, site)(site);

/** The folder from which `tail` is the path, with its slash; empty if no frame tells. */
function rootOf(frames: readonly Frame[], tail: string): string {
  const own = frames.find((frame) => frame.path.endsWith(tail));
  return own === undefined ? "" : own.path.slice(0, own.path.length - tail.length + 1);
}

const framesOf = (site: CallSite): readonly Frame[] =>
  (site.stack ?? "").split("\n").flatMap((line) => frameOf(line) ?? []);

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
