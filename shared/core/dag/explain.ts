/** Why a DAG starts no run just now, and when it next may, as its record has it. */
import type { DagRecord } from "./record.ts";
import type { Manifest } from "../manifest.ts";
import { nextFiring, scheduleText } from "../schedule/schedule.ts";
import { durationText, iso, type Instant } from "../time.ts";
import { freePlaces, mayStart, opensAt } from "./draft.ts";

/** `waiting`: nothing is due. `behind`: something is due that has no run yet. */
export type DagStanding = "removed" | "paused" | "behind" | "waiting";

export interface DagExplanation {
  readonly standing: DagStanding;
  /** Sentences, what matters first. */
  readonly why: readonly string[];
  /** The next firing that is to come. */
  readonly nextRun: Instant | null;
  /** Since when a firing waits for its run. */
  readonly behindSince: Instant | null;
}

/** Runs that are named as holding places. */
const NAMED_MAX = 5;

export function explainDag(dag: DagRecord, manifest: Manifest, now: Instant): DagExplanation {
  const behindSince = dag.nextFire !== null && dag.nextFire <= now && !dag.removed ? dag.nextFire : null;
  const standing = dag.removed
    ? "removed"
    : dag.paused !== null
      ? "paused"
      : behindSince === null
        ? "waiting"
        : "behind";
  const nextRun = behindSince === null ? dag.nextFire : nextOf(manifest, now);
  const why = [
    ...standingText(dag, now),
    ...(behindSince === null ? [] : [behindText(dag, manifest, behindSince, now)]),
    ...(dag.queue === "maybe" ? [queueText(dag, manifest, now)] : []),
    ...dag.windows.flatMap(({ triggerId, open }) =>
      open === null
        ? []
        : [
            `files have arrived for '${triggerId}': ${dag.paused === null ? `its window closes at ${iso(open.due)}` : "they wait, too"}`,
          ],
    ),
    nextText(dag, manifest, nextRun),
  ];
  return { standing, why, nextRun: dag.removed ? null : nextRun, behindSince };
}

const nextOf = ({ schedule }: Manifest, now: Instant): Instant | null =>
  schedule === null ? null : (nextFiring(schedule, now)?.due ?? null);

function standingText({ removed, paused, failures = 0 }: DagRecord, now: Instant): readonly string[] {
  if (removed) return ["its definition is gone from the source: it starts nothing"];
  if (paused === null) return failures > 0 ? [`the last ${failures === 1 ? "run" : `${failures} runs`} failed`] : [];
  const why = paused.reason === "" ? "" : `: ${paused.reason}`;
  return [`paused by ${paused.by} ${durationText(Math.max(0, now - paused.at))} ago${why}`];
}

function behindText(dag: DagRecord, manifest: Manifest, since: Instant, now: Instant): string {
  const what = `what was due at ${iso(since)} has no run yet`;
  if (!mayStart(dag)) return what;
  const opens = opensAt({ manifest, now });
  if (opens > now) return `${what}: its allowedHours begin at ${iso(opens)}`;
  if (freePlaces({ dag, manifest }) > 0) return `${what}: it is about to start`;
  return `${what}: ${placesText(dag, manifest)}`;
}

function queueText(dag: DagRecord, manifest: Manifest, now: Instant): string {
  const what = "runs that were asked for may be waiting";
  if (!mayStart(dag)) return what;
  const opens = opensAt({ manifest, now });
  if (opens > now) return `${what}: its allowedHours begin at ${iso(opens)}`;
  return freePlaces({ dag, manifest }) > 0 ? what : `${what}: ${placesText(dag, manifest)}`;
}

function placesText({ active }: DagRecord, { maxActiveRuns }: Manifest): string {
  const named = active.slice(0, NAMED_MAX).map(({ runId }) => runId);
  const more = active.length > NAMED_MAX ? ` and ${active.length - NAMED_MAX} more` : "";
  return `all places are taken (maxActiveRuns: ${maxActiveRuns}), by ${named.join(", ")}${more}`;
}

function nextText({ removed, paused }: DagRecord, manifest: Manifest, nextRun: Instant | null): string {
  const { schedule, triggers, writtenSchedule: written } = manifest;
  if (removed) return "it comes back with its file";
  if (paused !== null) return "once it is resumed, what fell due and what arrived meanwhile is decided on";
  if (schedule === null) {
    const here =
      written === undefined || written === null ? "" : ` here, where its own (${scheduleText(written)}) is left out`;
    return `it has no schedule${here}: ${triggers.length > 0 ? "files that arrive start it" : "people start its runs"}`;
  }
  if (nextRun !== null) return `its schedule fires next at ${iso(nextRun)}`;
  const { end } = schedule;
  return `its schedule does not fire any more${end === null ? "" : `: it covers nothing from ${iso(end)} on`}`;
}
