/** DAGs as an environment has them: with the schedules that it gives them. */
import type { Deployment } from "../../shared/contract/deployment.ts";
import type { DagSettings, EnvironmentCode } from "../../shared/contract/environment.ts";
import { canonicalJson } from "../../shared/core/json.ts";
import type { Manifest, ScheduleSpec } from "../../shared/core/manifest.ts";
import { didYouMean, type Problem } from "../../shared/core/problem.ts";
import { compileSchedule } from "../../shared/dsl/compile.ts";
import type { LoadedDag, LoadResult } from "./result.ts";
import { versionOf } from "./version.ts";

/** What a deployment says of its DAGs. */
export type DeployedSettings = Pick<Deployment, "environment" | "schedules">;

/** The same DAGs as other versions, and what is wrong with the settings besides what is wrong with the files. */
export function inEnvironment(loaded: LoadResult, settings: DagSettings): LoadResult {
  const problems = [...loaded.problems, ...unknownDags(loaded, settings), ...missingBuckets(loaded, settings)];
  const dags = loaded.dags.map((dag) => inSettings(dag, settings, problems));
  return { ...loaded, dags, problems };
}

function inSettings(dag: LoadedDag, { environment, schedules }: DagSettings, problems: Problem[]): LoadedDag {
  const { manifest } = dag;
  const named = Object.hasOwn(schedules.dags, manifest.dagId);
  const given = named ? schedules.dags[manifest.dagId] : schedules.default === "none" ? null : "as written";
  if (given === "as written") return dag;
  const subject = `environment '${environment}': schedules.dags.${manifest.dagId}`;
  if (given === "none") {
    problems.push(wrong(`${subject} is "none" (text), expected a schedule, null or "as written"`, "write null"));
    return dag;
  }
  return withManifest(dag, withSchedule(manifest, compileSchedule(given, manifest, subject, problems)));
}

function wrong(message: string, help: string): Problem {
  const code: EnvironmentCode = "ENV003";
  return { code, level: "error", message, help };
}

const withManifest = (dag: LoadedDag, manifest: Manifest): LoadedDag =>
  manifest === dag.manifest ? dag : { ...dag, manifest, version: versionOf(manifest) };

/** The same DAG with another schedule, or with none; it remembers its own. */
export function withSchedule(manifest: Manifest, schedule: ScheduleSpec | null): Manifest {
  const { writtenSchedule: written = manifest.schedule, ...rest } = manifest;
  if (canonicalJson(written) === canonicalJson(schedule)) return { ...rest, schedule: written };
  return { ...rest, schedule, writtenSchedule: written };
}

function missingBuckets({ dags }: LoadResult, { environment, buckets }: DagSettings): readonly Problem[] {
  const waits = dags.flatMap(({ manifest: { dagId, triggers } }) => triggers.map(({ bucket }) => ({ bucket, dagId })));
  const first = new Map(waits.toReversed().map(({ bucket, dagId }) => [bucket, dagId] as const));
  const code: EnvironmentCode = "ENV005";
  return [...first]
    .filter(([bucket]) => !buckets.includes(bucket))
    .map(([bucket, dagId]) => ({
      code,
      level: "error",
      message:
        `environment '${environment}': dag '${dagId}' waits for objects in bucket '${bucket}', which is not in buckets` +
        `${didYouMean(bucket, buckets)}; there ${buckets.length === 0 ? "is none" : `is ${buckets.join(", ")}`}`,
      help: `add '${bucket}' to \`buckets\`, as { create: true } or { existing: <its name on AWS> }`,
    }));
}

/** While a file is broken nobody knows which DAGs are in it. */
function unknownDags({ dags, problems }: LoadResult, { environment, schedules }: DagSettings): readonly Problem[] {
  if (problems.some(({ level }) => level === "error")) return [];
  const known = dags.map(({ manifest }): string => manifest.dagId);
  const code: EnvironmentCode = "ENV004";
  return Object.keys(schedules.dags)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      code,
      level: "error",
      message: `environment '${environment}': schedules.dags.${name}: there is no dag '${name}'${didYouMean(name, known)}`,
      help: known.length === 0 ? "no DAG is defined" : `there are ${known.join(", ")}`,
    }));
}

/** A DAG as it would be deployed where `settings` hold and `registered` is there: what only a synthesis knows stays as it is. */
export function asDeployed(
  dag: LoadedDag,
  registered: Manifest | undefined,
  { schedules }: Pick<DeployedSettings, "schedules">,
): LoadedDag {
  const nothing = schedules === "none" ? null : dag.manifest.schedule;
  if (registered === undefined) return withManifest(dag, withSchedule(dag.manifest, nothing));
  if (registered.writtenSchedule !== undefined)
    return withManifest(dag, withSchedule(dag.manifest, registered.schedule));
  return registered.schedule === null ? withManifest(dag, withSchedule(dag.manifest, nothing)) : dag;
}
