/** Finds the file of a DAG and loads it; the others only if need be. */
import { readFileSync } from "node:fs";
import { FreshetError } from "../../shared/core/errors.ts";
import { didYouMean, type Problem } from "../../shared/core/problem.ts";
import type { DagLoader } from "../load/loader.ts";
import { findDagFiles } from "../load/find-files.ts";
import type { LoadedDag, LoadResult } from "../load/result.ts";
import { problemCount } from "../output/problems.ts";

export interface FoundDag {
  readonly dag: LoadedDag;
  /** Of its file: warnings. */
  readonly problems: readonly Problem[];
}

/** Files in which the DAG's id stands as a text: nearly always the one that defines it. None if the folder is not there. */
export async function likelyFiles(dagsDir: string, dagId: string): Promise<readonly string[]> {
  const files = await findDagFiles(dagsDir).catch(() => []);
  const quoted = [`"${dagId}"`, `'${dagId}'`, `\`${dagId}\``];
  return files.filter((file) => {
    const text = textOf(file);
    return quoted.some((id) => text.includes(id));
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // Removed a moment ago.
  }
}

/** Throws INVALID_DAG if its file has errors, and DAG_NOT_FOUND with the nearest name. */
export async function findDag(loader: DagLoader, likely: readonly string[], dagId: string): Promise<FoundDag> {
  const some = likely.length === 0 ? undefined : await loader.load(likely);
  const found = some === undefined ? undefined : pick(some, dagId);
  if (found !== undefined) return found;
  if (some !== undefined) throwIfBroken(some, dagId);
  const all = await loader.load();
  const late = pick(all, dagId);
  if (late !== undefined) return late;
  const known = all.dags.map(({ manifest }) => manifest.dagId);
  const there = known.length === 0 ? "no DAG is defined here" : `there are: ${known.join(", ")}`;
  const broken = all.problems.some(({ level }) => level === "error");
  const more = broken ? ` (and files with ${problemCount(all.problems)}: \`freshet validate\`)` : "";
  throw new FreshetError("DAG_NOT_FOUND", `there is no dag '${dagId}'${didYouMean(dagId, known)}; ${there}${more}`);
}

function pick({ dags, problems }: LoadResult, dagId: string): FoundDag | undefined {
  const dag = dags.find(({ manifest }) => manifest.dagId === dagId);
  return dag === undefined ? undefined : { dag, problems };
}

/** A file that names the DAG and cannot be loaded: very likely it is in there. */
function throwIfBroken({ problems }: LoadResult, dagId: string): void {
  if (!problems.some(({ level }) => level === "error")) return;
  const message = `dag '${dagId}' cannot be loaded: ${problemCount(problems)}`;
  throw new FreshetError("INVALID_DAG", message, { problems });
}
