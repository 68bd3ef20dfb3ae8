/** What a child run's end does to the task that waits for it. */
import type { TaskError } from "../attempt.ts";
import type { ChildFault, RunEvent } from "../events.ts";
import type { ChildSpec } from "../manifest.ts";
import type { ChildOf, TaskDetail } from "../run.ts";
import { isRunEnded } from "../states.ts";
import { fail } from "./attempts.ts";
import { CHILD_EPOCH } from "./children.ts";
import { fireHook } from "./dispatch.ts";
import { move, stateOf, taskAt, type Draft } from "./draft.ts";

type Report = Extract<RunEvent, { type: "child_report" }>;

/** The first end of the epoch that the task waits for counts; what comes later, or is about another child run, is an echo. */
export function hearChild(draft: Draft, report: Report): void {
  const slot = waitingSlot(draft, report);
  if (slot === undefined || report.epoch !== CHILD_EPOCH) return;
  const spec = taskAt(draft, slot).spec.child;
  if (spec?.wait === false) return succeed(draft, slot);
  if (!isRunEnded(report.state)) return;
  if (report.state === "success") return succeed(draft, slot);
  const text = `child run '${report.childId}' ${report.state}${report.text === "" ? "" : `: ${report.text}`}`;
  applyPolicy(draft, slot, spec, report.state === "cancelled" ? "ChildRunCancelled" : "ChildRunFailed", text);
}

/** The child run could not be started, or exists no more: no policy covers that. */
export function hearRefusal(draft: Draft, event: Extract<RunEvent, { type: "child_refused" }>): void {
  const slot = waitingSlot(draft, event);
  if (slot === undefined) return;
  stopWaiting(draft, slot);
  fail(draft, slot, errorOf(event.name, event.text));
}

function waitingSlot(draft: Draft, { taskId, childId }: ChildOf): number | undefined {
  const slot = draft.plan.slotOf.get(taskId);
  return slot !== undefined && stateOf(draft, slot) === "deferred" && draft.details[slot]?.child === childId
    ? slot
    : undefined;
}

function applyPolicy(draft: Draft, slot: number, spec: ChildSpec | null, name: ChildFault, text: string): void {
  switch (spec?.onFailure) {
    case "ignore":
      return succeed(draft, slot, text);
    case "skip":
      stopWaiting(draft, slot);
      return move(draft, slot, "skipped", { since: draft.now, cause: { code: "child_run", text } });
    default:
      stopWaiting(draft, slot);
      return fail(draft, slot, errorOf(name, text));
  }
}

function succeed(draft: Draft, slot: number, ignored?: string): void {
  stopWaiting(draft, slot);
  const detail: TaskDetail | undefined =
    ignored === undefined ? undefined : { since: draft.now, cause: { code: "child_run", text: ignored } };
  move(draft, slot, "success", detail);
  fireHook(draft, slot, "onSuccess");
}

/** Its end is known: nobody need cancel it. */
function stopWaiting(draft: Draft, slot: number): void {
  const { child: _child, ...rest } = draft.details[slot] ?? { since: draft.now };
  draft.details[slot] = rest;
}

/** A person cancelled it, or nobody can start it: trying again by itself would not help. */
const errorOf = (name: ChildFault, message: string): TaskError => ({
  name,
  message,
  class: name === "ChildRunFailed" ? "transient" : "permanent",
});
