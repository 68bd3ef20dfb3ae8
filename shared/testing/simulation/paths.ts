/** What a run had to wait for: the path of tasks that took it to its end. */
import type { Manifest } from "../../core/manifest.ts";
import type { PathSummary, SimulatedRun, SimulatedTask } from "./result.ts";

/** From the task that ended last back to the one that each waited for: of its upstream, the one that ended last. */
export function pathOf({ tasks: specs }: Manifest, tasks: readonly SimulatedTask[]): readonly string[] {
  const upstream = new Map(
    specs.map((spec) => [spec.taskId as string, spec.upstream.map(({ taskId }) => taskId as string)]),
  );
  const ends = new Map<string, string>();
  for (const { taskId, endedAt } of tasks) {
    if (endedAt !== null && upstream.has(taskId) && endedAt >= (ends.get(taskId) ?? "")) ends.set(taskId, endedAt);
  }
  const path: string[] = [];
  for (let at = last(ends.keys(), ends); at !== undefined; at = last(upstream.get(at) ?? [], ends)) path.unshift(at);
  return path;
}

function last(ids: Iterable<string>, ends: ReadonlyMap<string, string>): string | undefined {
  let latest: string | undefined;
  for (const id of ids) {
    const end = ends.get(id);
    // ISO texts of one length sort by time; with and without milliseconds they do not.
    if (end !== undefined && (latest === undefined || Date.parse(end) > Date.parse(ends.get(latest) ?? "")))
      latest = id;
  }
  return latest;
}

/** Paths told at the most. */
const PATHS_MAX = 10;

export function commonPaths(runs: readonly SimulatedRun[]): readonly PathSummary[] {
  const ended = runs.filter(({ longestPath, endedAt }) => longestPath.length > 0 && endedAt !== null);
  return [...Map.groupBy(ended, ({ longestPath }) => longestPath.join("\n")).values()]
    .map((group): PathSummary => {
      const lengths = group.map(lengthOf).toSorted((a, b) => a - b);
      return {
        tasks: group[0]?.longestPath ?? [],
        runs: group.length,
        medianMs: quantile(lengths, 0.5),
        longestMs: lengths.at(-1) ?? 0,
      };
    })
    .toSorted((a, b) => b.runs - a.runs || b.longestMs - a.longestMs)
    .slice(0, PATHS_MAX);
}

/** Milliseconds from start to end. */
export const lengthOf = ({ startedAt, endedAt }: Pick<SimulatedRun, "startedAt" | "endedAt">): number =>
  startedAt === null || endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt);

/** The smallest that at least this share does not exceed; 0 of none. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
