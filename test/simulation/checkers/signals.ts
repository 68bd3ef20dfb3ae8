/** Promises about signals: none before its commit, none without effect, none applied twice. */
import { attemptKeyText } from "../../../shared/core/ids.ts";
import type { Checker, Seen } from "./checker.ts";
import type { AttemptKey } from "../../../shared/core/ids.ts";
import { manifestOf } from "../../../shared/core/plan.ts";
import { isOver } from "./attempts.ts";
import { slotOfKey } from "./instances.ts";

/** A message of the cloud's queues, at the most. */
const MESSAGE_BYTES_MAX = 256 * 1024;
/** Measuring takes longer than sending: what is sent around one start of code in so many is. */
const MEASURED_EVERY = 4;

const attemptOf = ({ database }: Seen, key: AttemptKey): number => {
  const run = database.runs.rows.get(key.runId)?.value;
  if (run === undefined) return -1;
  return run.tasks.attempts[slotOfKey(run, manifestOf(run, database.manifest(run.version)), key)] ?? -1;
};

export const dispatchedAfterCommit: Checker = {
  promise: "S11",
  says: "no attempt is sent before the commit that made it",
  sent({ message }, seen, expect) {
    if ("type" in message) return;
    const current = attemptOf(seen, message.key);
    // Whoever stood still before he sent it may find an instance, or a task, gone: then the attempt is over.
    const over = current < message.key.attempt && isOver(seen.database.attempts.get(message.key));
    const text = (): string => `${attemptKeyText(message.key)} was sent; its run is at ${current}`;
    expect(over || current >= message.key.attempt, text);
  },
};

/** After how long an attempt may have been sent once more: half a minute later, then twice as long as before, to ten minutes. */
const SENT_AGAIN_AT_MS = [30_000, 90_000, 210_000, 450_000, 930_000, 1_530_000, 2_130_000];
/** An echo of its cause sends it once more, and clocks differ. */
const SENDINGS_SPARE = 2;

export const sentAtGrowingIntervals: Checker = {
  promise: "S17",
  says: "an attempt that nobody claims is sent again at growing intervals",
  sent({ message, at }, { ledger }, expect) {
    if ("type" in message) return;
    const key = attemptKeyText(message.key);
    const sent = ledger.sendings.get(key) ?? { first: at, count: 0 };
    ledger.sendings.set(key, { first: sent.first, count: sent.count + 1 });
    if (sent.count < SENDINGS_SPARE) return;
    const most = 1 + SENT_AGAIN_AT_MS.filter((ms) => sent.first + ms <= at).length + SENDINGS_SPARE;
    expect(sent.count + 1 <= most, () => `${key} was sent ${sent.count + 1} times within ${at - sent.first} ms`);
  },
};

export const completedAfterFinish: Checker = {
  promise: "S11",
  says: "no completion is sent before the attempt is finished",
  sent({ message }, { database }, expect) {
    if (!("type" in message) || message.type !== "completed") return;
    // One that is sent again, since its record was contended, may be forged: nobody has looked at it yet.
    if (message.tries !== undefined) return;
    const item = database.attempts.get(message.key);
    expect(item?.status === "finished", () => `${attemptKeyText(message.key)} told its end; it is ${item?.status}`);
  },
};

export const messagesStaySmall: Checker = {
  promise: "S16",
  says: "a message stays within the queue's limit",
  sent({ message }, { ledger }, expect) {
    // Only these carry what users make.
    if ("type" in message && message.type !== "completed") return;
    if (ledger.codeStarts % MEASURED_EVERY !== 0) return;
    const length = JSON.stringify(message).length;
    expect(length <= MESSAGE_BYTES_MAX, () => `${attemptKeyText(message.key)}: a message of ${length} bytes`);
  },
};

export const queuedOnce: Checker = {
  promise: "S4",
  says: "an attempt is queued by one commit",
  run({ after }, moves, { ledger }, expect) {
    for (const move of moves) {
      if (move.attempt === move.attemptBefore) continue;
      const key = `${after.runId}#${move.name}#${move.attempt}`;
      const times = (ledger.queued.get(key) ?? 0) + 1;
      ledger.queued.set(key, times);
      expect(times === 1, () => `${key} was queued ${times} times`);
    }
  },
};

export const toldOnce: Checker = {
  promise: "S4",
  says: "the start and the end of a run are published once for each epoch",
  published({ fact }, { ledger, database }, expect) {
    if (fact.type === "run_deadline_missed") return;
    const before = ledger.facts.get(`${fact.runId}#${fact.type}`) ?? 0;
    const epoch = database.runs.rows.get(fact.runId)?.value.epoch ?? 0;
    expect(before <= epoch, () => `${fact.type} of ${fact.runId} was published again`);
  },
};

export const toldTheTruth: Checker = {
  promise: "S11",
  says: "what is published has been committed",
  published({ fact }, { database }, expect) {
    if (fact.type === "run_deadline_missed") return;
    const run = database.runs.rows.get(fact.runId)?.value;
    const ended = typeof run?.endedAt === "number";
    const holds = fact.type === "run_ended" ? ended && run?.state === fact.state : typeof run?.startedAt === "number";
    // It may have been cleared since.
    expect(holds || (run?.epoch ?? 0) > 0, () => `${fact.type} ${fact.state} of ${fact.runId}, which is ${run?.state}`);
  },
};

export const nothingUndecidable: Checker = {
  promise: "S11",
  says: "every record can be decided",
  never: "faulted",
};

export const nothingFloats: Checker = {
  promise: "S11",
  says: "a process calls nothing after its work has returned",
  never: "floating",
};
