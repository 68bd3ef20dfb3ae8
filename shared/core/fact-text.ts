/** What facts say to people: one line that stands alone, as an email or a chat shows it. */
import { assertNever } from "./errors.ts";
import type { DagId, TaskId } from "./ids.ts";
import type { Manifest } from "./manifest.ts";
import type { Run, RunDeadline } from "./run.ts";
import type { TaskState } from "./states.ts";
import { oneLine } from "./text.ts";
import { iso } from "./time.ts";

type Answers = Pick<Manifest, "owner" | "runbook">;

export function runText(run: Pick<Run, "runId" | "state" | "degraded" | "cause">, answers: Answers): string {
  const { runId, state, degraded, cause } = run;
  switch (state) {
    case "failed":
      return line(`run ${runId} failed${cause === null ? "" : `: ${cause.text}`}`, answers);
    case "cancelled":
      return line(`run ${runId} was ${cause?.text ?? "cancelled"}`);
    case "success":
      return degraded ? line(`run ${runId} succeeded, degraded`, answers) : line(`run ${runId} succeeded`);
    case "queued":
    case "running":
      return line(`run ${runId} started`);
    default:
      return assertNever(state);
  }
}

/** `waitsFor`: tasks, each with its state. */
export function missedText(
  { runId, state, cause }: Pick<Run, "runId" | "state" | "cause">,
  { name, at }: RunDeadline,
  waitsFor: readonly { readonly taskId: TaskId; readonly state: TaskState }[],
  answers: Answers,
): string {
  const tasks = waitsFor.map((task) => `task '${task.taskId}' (${task.state})`).join(", ");
  const still = tasks === "" ? `it is ${state}${cause === null ? "" : `: ${cause.text}`}` : `it waits for ${tasks}`;
  return line(`run ${runId} missed its deadline '${name}' of ${iso(at)}: ${still}`, answers);
}

export const pausedText = (dagId: DagId, reason: string, answers: Answers): string =>
  line(`dag ${dagId} is paused: ${reason}`, answers);

/** Whoever is woken wants to know whom to ask, and where it says what to do. */
function line(said: string, { owner, runbook }: Answers = { owner: null, runbook: null }): string {
  const asks = [owner === null ? [] : [`owner ${owner}`], runbook === null ? [] : [`runbook ${runbook}`]].flat();
  return oneLine(asks.length === 0 ? said : `${said} (${asks.join(", ")})`);
}
