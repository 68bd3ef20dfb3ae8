/** Puts what was found in single files together, and finds what only shows then. */
import type { Problem, SourcePlace } from "../../shared/core/problem.ts";
import { shownPath } from "./fault.ts";
import type { FileReport, LoadedManifest } from "./protocol.ts";
import type { LoadedDag, LoadResult } from "./result.ts";

/** Of two DAGs with one id, the one in the first file (by path) stands. */
export function mergeReports(reports: readonly FileReport[], cwd: string, files: readonly string[]): LoadResult {
  const dags: LoadedDag[] = [];
  const problems: Problem[] = [];
  const first = new Map<string, { readonly place: SourcePlace; readonly file: string }>();
  for (const { file, dags: defined, problems: found, sources } of reports.toSorted((a, b) =>
    a.file < b.file ? -1 : 1,
  )) {
    problems.push(...found);
    for (const { manifest, version, at } of defined) {
      const place = at ?? { file: shownPath(cwd, file), line: 1, column: 1 };
      const known = first.get(manifest.dagId);
      if (known === undefined) {
        first.set(manifest.dagId, { place, file });
        dags.push({ manifest, version, file, sources });
      } else if (!samePlace(known.place, place)) {
        problems.push(duplicate({ manifest, version, at: place }, known.place));
      }
    }
  }
  const all = new Set(reports.flatMap(({ sources }) => sources));
  const packages = [...new Set(reports.flatMap((report) => report.packages))].toSorted();
  return { dags, problems: withoutDoubles(problems), files, sources: [...all], packages };
}

const samePlace = (a: SourcePlace, b: SourcePlace): boolean =>
  a.file === b.file && a.line === b.line && a.column === b.column;

const duplicate = ({ manifest, at }: LoadedManifest & { readonly at: SourcePlace }, known: SourcePlace): Problem => ({
  code: "DAG002",
  level: "error",
  message: `dag '${manifest.dagId}': a dag in ${known.file} has the same id`,
  at,
  labels: [{ at: known, text: "the first one" }],
  help: "give one of them another id",
});

/** A file that many import has its problem once. */
function withoutDoubles(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ code, message, at }) => {
    const name = `${code} ${at?.file}:${at?.line}:${at?.column} ${message}`;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}
