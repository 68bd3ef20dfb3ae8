/** Runs one attempt on an executor: claim, gather its inputs, run the user's code, finish, tell the scheduler. */
import type { AttemptItem, Dispatch, Outcome, TaskError } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import { attemptKeyText } from "../../core/ids.ts";
import type { RunnerResult } from "../../core/task-host.ts";
import { plus, type Instant } from "../../core/time.ts";
import type { RunMessage } from "../../contract/messages.ts";
import type { AttemptStore } from "../../ports/attempt-store.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Queue } from "../../ports/queue.ts";
import type { TaskRunner } from "../../ports/task-runner.ts";
import { gatherInputs } from "./inputs.ts";
import { storeOutcome } from "./output.ts";
import type { CrashPoint } from "../crash-points.ts";
import { loadFiles } from "../files.ts";

/** What an executor needs; it has no access to the engine's own records. */
export interface Executing {
  readonly attempts: AttemptStore;
  readonly blobs: BlobStore;
  readonly events: Queue<RunMessage>;
  readonly runner: TaskRunner;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long a claim lasts unless it is renewed. */
  readonly leaseMs: number;
  /** How often it is renewed. */
  readonly heartbeatMs: number;
  readonly crashPoint: CrashPoint;
}

/** A claim of ours, and since when. */
export interface Claim {
  readonly owner: string;
  readonly at: Instant;
}

/** What came of a dispatch. */
export type AttemptEnd =
  /** The code ran and its end was stored. */
  | "finished"
  /** Somebody else runs it, has run it, or it was closed: nothing was run. */
  | "not_ours"
  /** It was closed while the code ran: the result was dropped. */
  | "superseded";

/**
 * Runs the attempt of a dispatch; a dispatch that comes twice runs it once. `control` ends it from outside. `early`: a claim of
 * this executor that was made along with the commit which dispatched the attempt; undefined if that did not come about.
 */
export async function runAttempt(
  executing: Executing,
  dispatch: Dispatch,
  control: AbortController = new AbortController(),
  early?: Promise<Claim | undefined>,
): Promise<AttemptEnd> {
  const { attempts, clock } = executing;
  const claim = (await early) ?? (await claimAttempt(executing, dispatch));
  if (claim === "not_ours") return claim;
  executing.crashPoint("attempt:claimed");
  const result = await runWithHeartbeat(executing, dispatch, claim, control);
  executing.crashPoint("attempt:ran");
  const { stored, carried } = await storeOutcome(executing, dispatch, result);
  executing.crashPoint("attempt:stored-output");
  if ((await attempts.finish(dispatch.key, claim.owner, stored, clock.now())) !== "finished") return "superseded";
  executing.crashPoint("attempt:finished");
  await complete(executing, dispatch, carried);
  return "finished";
}

/** Claims the attempt for this executor. Throws if nobody can say whether that came about: its message then comes again. */
export async function claimAttempt(
  executing: Omit<Executing, "runner">,
  dispatch: Dispatch,
): Promise<Claim | "not_ours"> {
  const claim = { owner: executing.ids.owner(), at: executing.clock.now() };
  const leaseUntil = plus(claim.at, executing.leaseMs);
  const answer = await executing.attempts.claim(dispatch.key, { ...claim, leaseUntil });
  if (answer === "claimed") return claim;
  if (answer.status === "finished") await repeatCompletion(executing, dispatch, answer);
  return "not_ours";
}

async function complete(
  { events }: Pick<Executing, "events">,
  { key, run, token }: Dispatch,
  outcome: Outcome,
): Promise<void> {
  const told = asTold(outcome);
  // A completion that is lost is found again: the run is due until its attempts have been looked at.
  await events.send([{ type: "completed", v: 1, key, epoch: run.epoch, token, outcome: told }]);
}

/** The scheduler decides by class and name; the stack stays with the attempt, and so do the params of a child run. */
function asTold(outcome: Outcome): Outcome {
  if (outcome.kind === "success") {
    const { child: _child, ...told } = outcome;
    return told;
  }
  if (outcome.kind === "skipped") return outcome;
  const { stack: _stack, ...error } = outcome.error;
  return { kind: "failed", error };
}

/** The first completion may have been lost: the item tells the same. */
async function repeatCompletion(
  executing: Pick<Executing, "events">,
  dispatch: Dispatch,
  item: Extract<AttemptItem, { status: "finished" }>,
): Promise<void> {
  await complete(executing, dispatch, item.outcome);
}

/** Renews the lease while the code runs, and learns there that the attempt was closed. */
async function runWithHeartbeat(
  executing: Executing,
  dispatch: Dispatch,
  claim: Claim,
  control: AbortController,
): Promise<RunnerResult> {
  const { clock, runner } = executing;
  const done = new AbortController();
  const beat = async (): Promise<void> => {
    while (!control.signal.aborted) {
      await clock.sleep(executing.heartbeatMs, done.signal);
      if (done.signal.aborted) return;
      // A store that does not answer proves nothing: the lease runs on, and the next beat may get through.
      await renew(executing, dispatch, claim, control).catch(() => undefined);
    }
  };
  const beating = beat();
  try {
    const [inputs, files] = await Promise.all([
      gatherInputs(executing, dispatch),
      loadFiles(executing.blobs, dispatch.run.files),
    ]);
    await confirmClaim(executing, dispatch, claim, control);
    if (control.signal.aborted) return { kind: "failed", error: SUPERSEDED };
    return await runner.run({ dispatch, ...inputs, files }, control.signal);
  } catch (error) {
    return { kind: "failed", error: inputError(error) };
  } finally {
    done.abort(CODE_ENDED);
    await beating;
  }
}

/** Aborts if the attempt is no longer ours. */
async function renew(
  { attempts, clock, leaseMs, runner }: Executing,
  { key }: Dispatch,
  { owner }: Claim,
  control: AbortController,
): Promise<void> {
  const now = clock.now();
  // The time that it waits for its turn is not its own.
  const startedAt = runner.waits?.(key) === true ? now : undefined;
  const answer = await attempts.heartbeat(key, owner, plus(now, leaseMs), startedAt);
  if (answer === "renewed") return;
  control.abort(new FreshetError("RUN_ENDED", `attempt ${attemptKeyText(key)} was closed`));
}

/** Beyond this a claim is asked for again before the code starts: somebody may have closed it. */
const CONFIRMED_MS = 1_000;
/** ... and beyond this part of its lease, whatever that is: it may have been closed as lost. */
const CONFIRMED_LEASE_SHARE = 1 / 3;

/**
 * Sees to it that the claim is known to be ours from a moment ago: a process that stood still between claiming and
 * starting would else begin the code beside that of the next attempt.
 */
async function confirmClaim(
  executing: Executing,
  dispatch: Dispatch,
  claim: Claim,
  control: AbortController,
): Promise<void> {
  const { clock, leaseMs } = executing;
  const confirmedMs = Math.min(CONFIRMED_MS, leaseMs * CONFIRMED_LEASE_SHARE);
  let known = claim.at;
  while (!control.signal.aborted && clock.now() - known > confirmedMs) {
    known = clock.now();
    await renew(executing, dispatch, claim, control);
  }
}

/** What no longer matters, since the attempt is not ours to finish. */
const SUPERSEDED: TaskError = { name: "Superseded", message: "the attempt was closed before it began", class: "lost" };

/** A reason of its own spares each attempt the making of an error. */
const CODE_ENDED = "the code has ended";

/** Inputs that cannot be read are the platform's trouble, worth another try. */
const inputError = (error: unknown): TaskError => ({
  name: error instanceof FreshetError ? error.code : "InputError",
  message: `its inputs could not be read: ${error instanceof Error ? error.message : String(error)}`,
  class: "transient",
});
