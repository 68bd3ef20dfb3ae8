/** The decision on a DAG under way: the record as it becomes, and what is to be done once it is stored. */
import { allowedFrom } from "../schedule/allowed-hours.ts";
import { ACTIVE_RUNS_MAX, type DagCommand, type DagRecord } from "./record.ts";
import type { Manifest } from "../manifest.ts";
import type { Instant } from "../time.ts";

export interface DagDraft {
  dag: DagRecord;
  readonly manifest: Manifest;
  readonly now: Instant;
  readonly commands: DagCommand[];
  /** The place that came free goes to a run that waits, not to the schedule. */
  queueFirst: boolean;
  /** More firings wait, and there are places for them: another pass admits them. */
  passAgain: boolean;
}

/** Whether anything new may start. */
export const mayStart = ({ removed, paused }: Pick<DagRecord, "removed" | "paused">): boolean =>
  !removed && paused === null;

/** Runs that may still become active, if it is the hour for it. */
export const freePlaces = ({ dag, manifest }: Pick<DagDraft, "dag" | "manifest">): number =>
  Math.max(0, Math.min(manifest.maxActiveRuns, ACTIVE_RUNS_MAX) - dag.active.length);

/** Runs that may become active now. */
export const places = (draft: Pick<DagDraft, "dag" | "manifest" | "now">): number =>
  opensAt(draft) > draft.now ? 0 : freePlaces(draft);

/** When runs may start, from now on. */
export const opensAt = ({ manifest, now }: Pick<DagDraft, "manifest" | "now">): Instant =>
  allowedFrom(manifest.allowedHours, manifest.timezone, now);

export const armTimer = (draft: DagDraft, at: Instant): void => void draft.commands.push({ type: "timer", at });
