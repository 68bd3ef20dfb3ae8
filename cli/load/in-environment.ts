/** DAGs as an environment has them: with the schedules that it gives them. */
import type { Deployment } from "../../shared/contract/deployment.ts";
import type { DagSettings, EnvironmentCode } from "../../shared/contract/environment.ts";
import { canonicalJson } from "../../shared/core/json.ts";
import type { Manifest, ScheduleSpec } from "../../shared/core/manifest.ts";
import { didYouMean, type Problem } from "../../shared/core/problem.ts";
import { nextFiring } from "../../shared/core/schedule/schedule.ts";
import { durationText } from "../../shared/core/time.ts";
import { startOfDate } from "../../shared/core/schedule/zone.ts";
import { compileSchedule } from "../../shared/dsl/compile.ts";
import type { LoadedDag, LoadResult } from "./result.ts";
import { versionOf } from "./version.ts";

/** What a deployment says of its DAGs. */
export type DeployedSettings = Pick<Deployment, "environment" | "schedules" | "deadlines" | "dataWindowMs">;

/** The same DAGs as other versions, and what is wrong with the settings besides what is wrong with the files. */
export function inEnvironment(loaded: LoadResult, settings: DagSettings): LoadResult {
  const problems = [...loaded.problems, ...unknownDags(loaded, settings), ...missingBuckets(loaded, settings)];
  const dags = loaded.dags.map((dag) => inSettings(dag, settings, problems));
  return { ...loaded, dags, problems };
}

function inSettings(dag: LoadedDag, settings: DagSettings, problems: Problem[]): LoadedDag {
  const { manifest } = dag;
  const schedule = scheduleIn(manifest, settings, problems);
  problems.push(...outsideWindow(manifest.dagId, schedule, settings));
  return withManifest(dag, held(withSchedule(manifest, schedule), settings));
}

/** Without deadlines where nobody looks, and with no more past than there is. */
function held(
  manifest: Manifest,
  { deadlines, dataWindowMs }: Pick<DagSettings, "deadlines" | "dataWindowMs">,
): Manifest {
  return {
    ...manifest,
    ...(deadlines === "ignored" ? { deadlines: [] } : {}),
    ...(dataWindowMs === null ? {} : { dataWindowMs }),
  };
}

function scheduleIn(
  manifest: Manifest,
  { environment, schedules }: DagSettings,
  problems: Problem[],
): ScheduleSpec | null {
  const { dagId, schedule } = manifest;
  const named = Object.hasOwn(schedules.dags, dagId);
  const given = named ? schedules.dags[dagId] : schedules.default === "none" ? null : "as written";
  if (given === "as written") return schedule;
  const subject = `environment '${environment}': schedules.dags.${dagId}`;
  if (given !== "none") return compileSchedule(given, manifest, subject, problems);
  problems.push(wrong(`${subject} is "none" (text), expected a schedule, null or "as written"`, "write null"));
  return schedule;
}

/** Firings that are looked at: how long after its interval one comes changes with calendars. */
const FIRINGS_CHECKED = 12;
/** What is compiled does not depend on the day. */
const CHECKED_FROM = startOfDate("UTC", "2026-01-01");

function outsideWindow(
  dagId: string,
  schedule: ScheduleSpec | null,
  { environment, dataWindowMs }: Pick<DagSettings, "environment" | "dataWindowMs">,
): readonly Problem[] {
  const lateMs = schedule === null ? 0 : longestLag(schedule);
  if (dataWindowMs === null || lateMs <= dataWindowMs) return [];
  const code: EnvironmentCode = "ENV006";
  const window = `dataWindow is ${durationText(dataWindowMs)}`;
  const message = `a run of dag '${dagId}' is due ${durationText(lateMs)} after what it covers has ended, and ${window}`;
  const help = "it is passed over then: give it another schedule in schedules.dags, or null, or lengthen dataWindow";
  return [{ code, level: "warning", message: `environment '${environment}': ${message}`, help }];
}

function longestLag(schedule: ScheduleSpec): number {
  let longest = 0;
  let firing = nextFiring(schedule, CHECKED_FROM);
  for (let count = 0; firing !== null && count < FIRINGS_CHECKED; count++) {
    longest = Math.max(longest, firing.due - firing.dataInterval.end);
    firing = nextFiring(schedule, firing.due);
  }
  return longest;
}

function wrong(message: string, help: string): Problem {
  const code: EnvironmentCode = "ENV003";
  return { code, level: "error", message, help };
}

const withManifest = (dag: LoadedDag, manifest: Manifest): LoadedDag =>
  canonicalJson(manifest) === canonicalJson(dag.manifest) ? dag : { ...dag, manifest, version: versionOf(manifest) };

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
export function asDeployed(dag: LoadedDag, registered: Manifest | undefined, settings: DeployedSettings): LoadedDag {
  const schedule = scheduleAsDeployed(dag.manifest, registered, settings);
  return withManifest(dag, held(withSchedule(dag.manifest, schedule), settings));
}

function scheduleAsDeployed(
  { schedule }: Manifest,
  registered: Manifest | undefined,
  { schedules }: DeployedSettings,
): ScheduleSpec | null {
  if (registered?.writtenSchedule !== undefined) return registered.schedule;
  const isAsWritten = registered !== undefined && registered.schedule !== null;
  return schedules === "none" && !isAsWritten ? null : schedule;
}
