/** What must hold after every decision on a run. Each check throws with what it saw. */
import type { RunCommand } from "../../shared/core/events.ts";
import { attemptKeyText } from "../../shared/core/ids.ts";
import type { TaskSpec } from "../../shared/core/manifest.ts";
import { LOSSES_MAX } from "../../shared/core/retry.ts";
import { planOf } from "../../shared/core/plan.ts";
import type { Run } from "../../shared/core/run.ts";
import { advance } from "../../shared/core/run/advance.ts";
import { decodeRun, encodeRun } from "../../shared/core/run/codec/run-codec.ts";
import { TASK_STATE, TASK_STATES, isRunEnded, type TaskState } from "../../shared/core/states.ts";
import { RECORD_BYTES_MAX } from "../../shared/ports/stored.ts";
import { ENDINGS, finalByTable, type Ending } from "./rule-table.ts";
import type { Decided } from "./drive.ts";

export interface Move {
  readonly slot: number;
  readonly from: TaskState;
  readonly to: TaskState;
}

const stateAt = (run: Run, slot: number): TaskState => TASK_STATES[run.tasks.states[slot] ?? 0] as TaskState;
const slotsOf = (run: Run): number[] => [...run.tasks.states.keys()];
const isHook = ({ manifest }: Decided, slot: number): boolean =>
  slot >= manifest.tasks.length && slot < planOf(manifest).tasks.length;

/** The task of a slot, and which instance of it: undefined for a hook. */
function taskAt({ run, manifest }: Decided, slot: number): { spec: TaskSpec; mapIndex: number } | undefined {
  const rows = run.tasks.expansions.find(({ base, rows: count }) => slot >= base && slot < base + count);
  const spec = manifest.tasks[rows?.slot ?? slot];
  return spec && { spec, mapIndex: rows === undefined ? -1 : rows.first + slot - rows.base };
}
const isEnding = (run: Run): boolean => run.cancel !== null || run.cause !== null;

function must(holds: boolean, what: string, seen: unknown = ""): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(seen)}`);
}

export function checkDecision(decided: Decided, moves: readonly Move[]): void {
  checkMoves(decided, moves);
  checkAttempts(decided);
  for (const command of decided.commands) if (command.type === "dispatch") checkDispatch(decided, command);
  for (const slot of decided.manifest.tasks.keys()) checkEnding(decided, slot);
  checkOutcome(decided);
  checkDue(decided);
  checkRepeat(decided);
}

/** S2: only along the graph of states; terminal absorbs, but a hook may be told again. */
function checkMoves(decided: Decided, moves: readonly Move[]): void {
  for (const move of moves) {
    const again = isHook(decided, move.slot) && TASK_STATE[move.from].terminal && move.to === "queued";
    must(again || TASK_STATE[move.from].next.includes(move.to), "S2: a move that the graph does not have", move);
  }
}

/** S3: attempts rise; a new one starts only over one that can do nothing any more. S7: and not too often. */
function checkAttempts(decided: Decided): void {
  const { before, run, items } = decided;
  for (const slot of slotsOf(run)) {
    const [old, now] = [before.tasks.attempts[slot] ?? 0, run.tasks.attempts[slot] ?? 0];
    must(now === old || now === old + 1, "S3: attempts rise by one", { slot, old, now });
    const { spec, mapIndex } = taskAt(decided, slot) ?? {};
    if (spec === undefined || mapIndex === undefined) continue;
    must(now <= spec.retry.retries + 1 + LOSSES_MAX, "S7: more attempts than retries and losses allow", { slot, now });
    if (now === old || old === 0) continue;
    const last = items.get(attemptKeyText({ runId: run.runId, taskId: spec.taskId, mapIndex, attempt: old }));
    must(last !== undefined && last.status !== "running", "S3: an attempt beside a live one", { slot, last });
  }
}

/** S5: the first attempt of a task only if its rule holds, and only in a run that goes on. */
function checkDispatch(decided: Decided, { key, send }: Extract<RunCommand, { type: "dispatch" }>): void {
  const { run, manifest } = decided;
  const slot = manifest.tasks.findIndex((task) => task.taskId === key.taskId);
  const spec = manifest.tasks[slot];
  if (spec === undefined) return;
  must(run.state === "running", "S5: dispatched in a run that does not run", run.state);
  const first = send === 1 && key.attempt === 1;
  if (isEnding(run)) {
    must(spec.role === "teardown", "S5: dispatched in a run that is being ended", key.taskId);
    const setUp = spec.setups.some((setup) => endingAt(decided, setup) === "success");
    must(setUp || !first, "S5: taken down what was never set up", key.taskId);
  } else if (first) {
    must(
      mayStillBe(decided, spec).every((verdict) => verdict === "run"),
      "S5: started against its rule",
      key.taskId,
    );
  }
}

const endingAt = ({ run, manifest }: Decided, id: string): Ending | undefined => {
  const state = stateAt(
    run,
    manifest.tasks.findIndex((task) => task.taskId === id),
  );
  return ENDINGS.find((ending) => ending === state);
};

/** How a task ended as rules see it: a mapped one by its instances, unless it tolerates failures. undefined: it is open. */
function endingsAt(decided: Decided, id: string): readonly (Ending | undefined)[] {
  const { run, manifest } = decided;
  const slot = manifest.tasks.findIndex((task) => task.taskId === id);
  const rows = run.tasks.expansions.find((expansion) => expansion.slot === slot);
  if (rows === undefined || manifest.tasks[slot]?.map?.tolerance !== null) return [endingAt(decided, id)];
  return Array.from({ length: rows.rows }, (_, row) => {
    const state = stateAt(run, rows.base + row);
    return ENDINGS.find((ending) => ending === state);
  });
}

/** Every verdict that the rule could still give, whatever the open upstreams come to. */
function mayStillBe(decided: Decided, spec: TaskSpec): readonly string[] {
  const upstream =
    spec.rule === "all_done_setup_success" && spec.role === "teardown"
      ? spec.setups
      : spec.upstream.filter((edge) => !edge.optional).map((edge) => edge.taskId);
  // Which endings occur is all that a rule asks for: a set of them is a number.
  let cases = new Set([0]);
  for (const ending of upstream.flatMap((id) => endingsAt(decided, id))) {
    const next = ending === undefined ? ENDINGS : [ending];
    cases = new Set([...cases].flatMap((known) => next.map((each) => known | (1 << ENDINGS.indexOf(each)))));
  }
  const endingsOf = (set: number): Ending[] => ENDINGS.filter((_, bit) => (set & (1 << bit)) !== 0);
  return spec.rule === "always"
    ? ["run"]
    : [...new Set([...cases].map((set) => finalByTable(spec.rule, endingsOf(set))))];
}

/** S6: ended by rule only once it cannot run any more, else with its cause. S4: an end happens once. */
function checkEnding(decided: Decided, slot: number): void {
  const { before, run, manifest } = decided;
  const [old, state] = [stateAt(before, slot), stateAt(run, slot)];
  if (TASK_STATE[old].terminal) must(old === state, "S2: an end was undone", { slot, old, state });
  if (old === state || (state !== "skipped" && state !== "upstream_failed" && state !== "failed")) return;
  const cause = run.tasks.details[slot]?.cause;
  must(cause !== undefined && cause.text !== "", "S6: ended without a cause", { slot, state });
  const spec = manifest.tasks[slot] as TaskSpec;
  if (cause?.code !== "rule" || isEnding(run)) return;
  const scoped = cause.text.startsWith("its setup must succeed");
  must(scoped || !mayStillBe(decided, spec).includes("run"), "S6: ended although it could still run", { slot, cause });
}

/** S10: a run has ended exactly if all its tasks have, and then nothing is at work. S16: within its bounds. */
function checkOutcome(decided: Decided): void {
  const { run, manifest } = decided;
  const open = slotsOf(run).filter((slot) => {
    const state = stateAt(run, slot);
    return !TASK_STATE[state].terminal && !(isHook(decided, slot) && state === "none");
  });
  if (isRunEnded(run.state)) must(open.length === 0, "S10: ended with open tasks", open);
  const tasksOpen = open.filter((slot) => slot < manifest.tasks.length);
  const hooksOpen = open.length > tasksOpen.length;
  if (run.state === "running") must(tasksOpen.length > 0 || hooksOpen, "S10: all has ended but the run");
  must((run.state === "cancelled") === (isRunEnded(run.state) && run.cancel !== null), "S10: cancelled by nobody");
  const { head, tasks } = encodeRun(run);
  must(head.length + tasks.length <= RECORD_BYTES_MAX, "S16: a record too large", head.length);
}

/** The record is looked at in time: by the next thing that falls due in it, or at once if that is past. */
function checkDue({ run, manifest, now }: Decided): void {
  const dues = run.tasks.details.flatMap((detail) => (detail?.due === undefined ? [] : [detail.due]));
  const timeout = run.startedAt !== null && manifest.runTimeoutMs !== null && !isRunEnded(run.state) && !isEnding(run);
  if (timeout) dues.push(((run.startedAt ?? now) + (manifest.runTimeoutMs ?? 0)) as typeof now);
  for (const due of dues) must(run.due !== null && run.due <= due, "due: too late", { due: run.due, needed: due });
  for (const slot of slotsOf(run)) {
    const state = stateAt(run, slot);
    const isInstance = slot >= planOf(manifest).tasks.length;
    // An instance whose time has come may wait for its turn among the others.
    const waits = TASK_STATE[state].inFlight || (state === "up_for_retry" && !isInstance);
    must(!waits || run.tasks.details[slot]?.due !== undefined, "due: nobody will look", { slot, state });
  }
  if (run.state === "queued" || run.effects.length > 0) must(run.due !== null, "due: nobody will tell the DAG");
  if (isRunEnded(run.state) && run.effects.length === 0) must(run.due === null, "due: nothing left to look at");
}

/** The same again gives the same; the same once more changes no state, and sends only what may be sent twice. */
function checkRepeat({ before, run, manifest, events, now, commands }: Decided): void {
  const again = advance(before, manifest, events, now);
  must(same(again.run, run) && JSON.stringify(again.commands) === JSON.stringify(commands), "not deterministic");
  const twice = advance(run, manifest, events, now);
  must(sameStates(twice.run, run), "the same events twice changed a state", events);
  const repeatable = twice.commands.every(
    (command) =>
      (command.type === "dispatch" && command.send > 1) || command.type === "close" || command.type === "inspect",
  );
  must(repeatable, "the same events twice did more", twice.commands);
  must(same(decodeRun(encodeRun(run)), run), "the stored form loses something");
}

const same = (a: Run, b: Run): boolean => {
  const [left, right] = [encodeRun(a), encodeRun(b)];
  return left.head === right.head && Buffer.compare(left.tasks, right.tasks) === 0;
};

const sameStates = (a: Run, b: Run): boolean =>
  a.state === b.state &&
  a.transitions === b.transitions &&
  Buffer.compare(a.tasks.states, b.tasks.states) === 0 &&
  a.tasks.attempts.every((attempt, slot) => attempt === b.tasks.attempts[slot]);
