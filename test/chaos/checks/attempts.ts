/** One attempt of a task instance at a time, each accepted once, and no more of them than there may be. */
import type { AttemptItem } from "../../../shared/core/attempt.ts";
import { LOSSES_MAX } from "../../../shared/core/retry.ts";
import { TASK_STATE } from "../../../shared/core/states.ts";
import type { JournalLine } from "../dags/lib/journal-line.ts";
import type { Evidence, TaskEvidence } from "../evidence.ts";
import type { Life } from "../freshet.ts";

/** A restart knows what was lost with the process before it, and need not wait until the leases are over. */
const FOUND_LOST_MS_MAX = 15_000;

export const attemptChecks = ({ runs, storm }: Evidence): readonly string[] =>
  runs.flatMap(({ tasks }) =>
    tasks.flatMap((task) =>
      [
        ...startsOnce(task),
        ...nothingOlderBesideNewer(task),
        ...everyAttemptEnded(task),
        ...onlyFailuresAreTriedAgain(task),
        ...withinBudget(task),
        ...recordsAgreeWithJournal(task),
        ...lossesFoundSoon(task, storm.lives),
      ].map((fault) => `${task.run.runId} ${task.task}: ${fault}`),
    ),
  );

/** An attempt is claimed once, and its code begins at most once. */
function* startsOnce({ lines, items }: TaskEvidence): Generator<string> {
  for (const at of ["start", "end"] as const) {
    const seen = new Set<number>();
    for (const line of lines) {
      if (line.at !== at) continue;
      if (seen.has(line.attempt)) yield `attempt ${line.attempt} has two lines '${at}'`;
      seen.add(line.attempt);
    }
  }
  for (const { at, attempt } of lines) {
    if (at !== "start") continue;
    const item = items[attempt - 1];
    if (item === undefined) yield `attempt ${attempt} began without a claim`;
    if (item?.status === "revoked") yield `attempt ${attempt} began although it was revoked`;
  }
}

/** Once an attempt has begun, the older ones say nothing more, and their processes are gone. */
function* nothingOlderBesideNewer({ lines }: TaskEvidence): Generator<string> {
  let newest = 0;
  const late = new Set<number>();
  for (const { at, attempt, text } of lines) {
    if (attempt < newest && !late.has(attempt)) {
      late.add(attempt);
      yield `attempt ${attempt} wrote '${at}' after attempt ${newest} had begun`;
    }
    if (at === "start") newest = Math.max(newest, attempt);
    if (at === "beside") yield `when attempt ${attempt} began, ${text} was still there`;
    if (at === "wrong-input") yield `input '${text}' of attempt ${attempt} is another task's`;
  }
}

function* everyAttemptEnded({ attempt, items, state, run }: TaskEvidence): Generator<string> {
  if (!TASK_STATE[state].terminal && (attempt > 0 || state !== "none")) yield `it is ${state}`;
  if (items.length > attempt) yield `there is an item of attempt ${items.length}, but the record is at ${attempt}`;
  for (let number = 1; number <= attempt; number++) {
    const item = items[number - 1];
    if (item === undefined) yield `attempt ${number} of ${attempt} has no item`;
    else if (item.status === "running") yield `attempt ${number} is still running`;
    else if (run.endedAt !== null && item.endedAt > run.endedAt) yield `attempt ${number} ended after its run`;
  }
}

/** A success that is followed by another attempt was not taken for one, or was taken twice. */
function* onlyFailuresAreTriedAgain({ items, planned, state, attempt }: TaskEvidence): Generator<string> {
  const again = planned.hook?.name === "onRetry"; // Told anew of each retry.
  for (const [index, item] of items.entries()) {
    if (item === undefined || again) continue;
    if (isSuccess(item) && index + 1 < attempt) yield `attempt ${index + 1} succeeded, and was followed by another`;
  }
  const last = items[attempt - 1];
  if (state === "success" && (last === undefined || !isSuccess(last)))
    yield `it is success, but attempt ${attempt} is ${JSON.stringify(last)}`;
}

const isSuccess = (item: AttemptItem): boolean => item.status === "finished" && item.outcome.kind === "success";

const isLost = (item: AttemptItem): boolean =>
  item.status === "finished"
    ? item.outcome.kind === "failed" && item.outcome.error.class === "lost"
    : item.status !== "running" && item.reason === "lost";

function* withinBudget({ items, planned }: TaskEvidence): Generator<string> {
  if (planned.hook?.name === "onRetry") return;
  const all = items.filter((item) => item !== undefined);
  const lost = all.filter((item) => isLost(item)).length;
  const tries = all.length - lost;
  const triesMax = planned.spec.retry.retries + 1;
  if (lost > LOSSES_MAX + 1) yield `${lost} attempts were lost; ${LOSSES_MAX} are made up for`;
  if (tries > triesMax) yield `it was tried ${tries} times; ${triesMax} are allowed`;
}

/** What the record says of each attempt is what its code wrote itself. */
function* recordsAgreeWithJournal({ items, lines, attempt, planned, task }: TaskEvidence): Generator<string> {
  if (planned.hook !== null || planned.spec.kind !== "task") return; // Their code writes nothing.
  const ends = new Map(
    lines.filter(({ at }) => at === "end").map((line): [number, JournalLine] => [line.attempt, line]),
  );
  for (const [index, item] of items.entries()) {
    if (item?.status !== "finished") continue;
    const wrote = ends.get(index + 1)?.text;
    const { outcome } = item;
    if (outcome.kind === "success" && wrote !== "success")
      yield `attempt ${index + 1} is a success, but its code wrote ${wrote ?? "no end"}`;
    if (outcome.kind === "failed" && outcome.error.class === "transient" && wrote !== "failure")
      yield `attempt ${index + 1} failed (${outcome.error.message}), but its code wrote ${wrote ?? "no end"}`;
    if (outcome.kind === "success" && !isOwnOutput(outcome.output, task, index + 1))
      yield `the output of attempt ${index + 1} is ${JSON.stringify(outcome.output)}`;
  }
  for (const line of lines)
    if (line.attempt > attempt) yield `attempt ${line.attempt} ran, but the record is at ${attempt}`;
}

function* lossesFoundSoon({ items }: TaskEvidence, lives: readonly Life[]): Generator<string> {
  for (const [index, item] of items.entries()) {
    if (item?.status !== "closed" || item.reason !== "lost") continue;
    const life = lives.findLast(({ startedAt }) => startedAt <= item.endedAt);
    const ms = life === undefined ? 0 : item.endedAt - life.startedAt;
    if (ms > FOUND_LOST_MS_MAX) yield `attempt ${index + 1} was found lost ${ms} ms after the start of the scheduler`;
  }
}

function isOwnOutput(output: unknown, task: string, attempt: number): boolean {
  const { kind, value } = output as { readonly kind: string; readonly value?: object };
  return kind === "inline" && JSON.stringify(value) === JSON.stringify({ task, attempt });
}
