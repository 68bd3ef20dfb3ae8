/** How a run stands to one of its deadlines, for people. */
import type { Manifest } from "../manifest.ts";
import { plannedAt, planOf } from "../plan.ts";
import type { Run, RunDeadline } from "../run.ts";
import type { TaskState } from "../states.ts";
import { durationText, type Instant } from "../time.ts";
import { frontOf } from "./deadlines.ts";
import { stateOf } from "./draft.ts";

export interface DeadlineExplanation {
  readonly name: string;
  readonly at: Instant;
  readonly missedAt: Instant | null;
  /** One sentence. */
  readonly why: string;
  /** Tasks that the run waits for now. */
  readonly waitsFor: readonly { readonly taskId: string; readonly state: TaskState }[];
}

/** `shown`: the state of a task as people see it, by slot. */
export function explainDeadline(
  run: Run,
  manifest: Manifest,
  deadline: RunDeadline,
  now: Instant,
  shown: (slot: number) => TaskState = (slot) => stateOf(run.tasks, slot),
): DeadlineExplanation {
  const plan = planOf(manifest);
  const waitsFor = frontOf(plan, run, run.tasks).map((slot) => ({
    taskId: plannedAt(plan, slot).spec.taskId,
    state: shown(slot),
  }));
  const { name, at, missedAt = null } = deadline;
  return { name, at, missedAt, why: whyOf(run, deadline, now, waitsFor), waitsFor };
}

const JUST_NOW_MS = 1_000;

function whyOf(
  run: Run,
  { at, missedAt }: RunDeadline,
  now: Instant,
  waitsFor: DeadlineExplanation["waitsFor"],
): string {
  if (run.state === "success") return `missed: the run succeeded ${durationText((run.endedAt ?? now) - at)} too late`;
  const still = stillText(run, waitsFor);
  if (at > now) return `in ${durationText(at - now)}; ${still}`;
  const unseen = missedAt === undefined ? ", and not told yet" : "";
  const ago = now - at < JUST_NOW_MS ? "just now" : `${durationText(now - at)} ago`;
  return `missed ${ago}${unseen}; ${still}`;
}

function stillText({ state }: Run, waitsFor: DeadlineExplanation["waitsFor"]): string {
  if (state === "queued") return "the run has not started";
  if (state !== "running") return `the run is ${state}`;
  if (waitsFor.length === 0) return "the run is about to end";
  return `the run waits for ${waitsFor.map((task) => `'${task.taskId}' (${task.state})`).join(", ")}`;
}
