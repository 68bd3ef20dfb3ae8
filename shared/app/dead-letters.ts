/**
 * Decides what becomes of dead letters. They decide nothing themselves: an attempt is given up only by closing its item, and
 * its run then sees that.
 */
import type { RunMessage } from "../contract/messages.ts";
import { parseDispatch } from "../contract/messages.ts";
import { assertNever, FreshetError } from "../core/errors.ts";
import { attemptKeyText, type AttemptKey } from "../core/ids.ts";
import { UNCLAIMED, type Dispatch } from "../core/attempt.ts";
import type { Instant } from "../core/time.ts";
import type { DeadLetter, DeadLetters } from "../ports/dead-letters.ts";
import type { Engine } from "./engine.ts";

/** Batches of one tick: the rest waits a minute. */
const BATCHES_MAX = 20;
/** An arrival is sent again so often; then a person has to look. */
const ARRIVAL_TRIES_MAX = 20;

export type Deciding = Pick<Engine, "attempts" | "events" | "tokens" | "faults" | "clock">;

/** Returns how many were decided. `parse` reads a body of the run-event queue. */
export async function decideDeadLetters(
  engine: Deciding,
  letters: DeadLetters,
  parse: (body: string) => RunMessage,
  until: Instant,
): Promise<number> {
  let decided = 0;
  for (let batch = 0; batch < BATCHES_MAX && engine.clock.now() < until; batch++) {
    const received = await letters.receive();
    if (received.length === 0) break;
    const done: DeadLetter[] = [];
    for (const letter of received) if (await decide(engine, letter, parse)) done.push(letter);
    await letters.remove(done);
    decided += done.length;
  }
  return decided;
}

/** False: what it needs cannot be reached now; it comes again. */
async function decide(engine: Deciding, letter: DeadLetter, parse: (body: string) => RunMessage): Promise<boolean> {
  try {
    const dispatch = dispatchOf(letter.body);
    const message = dispatch === undefined ? again(parse(letter.body)) : await giveUp(engine, dispatch);
    if (message === undefined) {
      recordFault(engine, letter, "INVALID_MESSAGE", `it cannot be delivered: ${letter.body.slice(0, 1_000)}`);
      return true;
    }
    return (await engine.events.send([message])).refused.length === 0;
  } catch (error) {
    if (isPassing(error)) return false;
    recordFault(engine, letter, "INVALID_MESSAGE", error instanceof Error ? error.message : String(error));
    return true;
  }
}

function dispatchOf(body: string): Dispatch | undefined {
  try {
    return parseDispatch(body);
  } catch {
    return undefined;
  }
}

/** Takes in what a queue in this process gave up on. Rejects for a passing reason: it must be taken in again. */
export async function takeDead(engine: Deciding, dead: Dispatch | RunMessage): Promise<void> {
  const message = "type" in dead ? again(dead) : await giveUp(engine, dead);
  if (message === undefined) {
    const id = "type" in dead ? dead.type : attemptKeyText(dead.key);
    return recordFault(
      engine,
      { id },
      "INVALID_MESSAGE",
      `it cannot be delivered: ${JSON.stringify(dead).slice(0, 1_000)}`,
    );
  }
  if ((await engine.events.send([message])).refused.length > 0)
    throw new FreshetError("UNAVAILABLE", "the run-event queue refused what a dead letter told");
}

/** Undefined: it was not sent by the scheduler. */
async function giveUp({ attempts, clock, tokens }: Deciding, dispatch: Dispatch): Promise<RunMessage | undefined> {
  const { key, token } = dispatch;
  if (!tokens.verify(key, token)) return undefined;
  const at = clock.now();
  const [item = null] = await attempts.read([key]);
  // Somebody may claim it this very moment: then it is his.
  if (item === null) await attempts.close(key, { reason: "undelivered", at, lease: UNCLAIMED });
  // One that runs while its lease lasts is somebody's: it ends, or its run finds that the lease is over.
  else if (item.status === "running" && item.leaseUntil < at)
    await attempts.close(key, { reason: "lost", at, lease: item.leaseUntil });
  return lookAt(key);
}

/** The run reads the attempt's item, and nothing else: it may have thousands of others at work. */
const lookAt = (key: AttemptKey): RunMessage => ({ type: "wake_run", v: 1, runId: key.runId, attempt: key });

/** What the message told is in the records: they look for themselves. Of an arrival nothing else knows. */
function again(message: RunMessage): RunMessage | undefined {
  switch (message.type) {
    case "completed":
      return lookAt(message.key);
    case "wake_run":
    case "wake_dag":
    case "wake_pool":
    case "wake_backfill":
      return message;
    case "object_created": {
      const tries = (message.tries ?? 0) + 1;
      return tries > ARRIVAL_TRIES_MAX ? undefined : { ...message, tries };
    }
    default:
      return assertNever(message);
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof Error && "retryable" in error && error.retryable === true;

function recordFault({ faults, clock }: Deciding, { id }: Pick<DeadLetter, "id">, code: string, message: string): void {
  faults.record({ kind: "message", id, code, message, at: clock.now() });
}
