/** Runs one attempt on an executor: claim, gather its inputs, run the user's code, finish, tell the scheduler. */
import {
  OUTPUT_BYTES_MAX,
  OUTPUT_CARRIED_BYTES_MAX,
  OUTPUT_INLINE_BYTES_MAX,
  type AttemptItem,
  type Dispatch,
  type Outcome,
  type OutputRef,
  type TaskError,
} from "../core/attempt.ts";
import { FreshetError } from "../core/errors.ts";
import { UNMAPPED, attemptKeyText, type AttemptKey } from "../core/ids.ts";
import { jsonFault, type JsonValue } from "../core/json.ts";
import type { RunnerResult } from "../core/task-host.ts";
import { plus, type Instant } from "../core/time.ts";
import type { RunMessage } from "../contract/messages.ts";
import { ATTEMPT_READ_MAX, type AttemptStore } from "../ports/attempt-store.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Queue } from "../ports/queue.ts";
import type { TaskRunner } from "../ports/task-runner.ts";
import type { CrashPoint } from "./crash-points.ts";
import { loadFiles } from "./files.ts";

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

/** What came of a dispatch. */
export type AttemptEnd =
  /** The code ran and its end was stored. */
  | "finished"
  /** Somebody else runs it, has run it, or it was closed: nothing was run. */
  | "not_ours"
  /** It was closed while the code ran: the result was dropped. */
  | "superseded";

/** Runs the attempt of a dispatch; a dispatch that comes twice runs it once. `control` ends it from outside. */
export async function runAttempt(
  executing: Executing,
  dispatch: Dispatch,
  control: AbortController = new AbortController(),
): Promise<AttemptEnd> {
  const { attempts, clock, ids } = executing;
  const owner = ids.owner();
  const at = clock.now();
  const claim = await attempts.claim(dispatch.key, { owner, at, leaseUntil: plus(at, executing.leaseMs) });
  if (claim !== "claimed") {
    if (claim.status === "finished") await repeatCompletion(executing, dispatch, claim);
    return "not_ours";
  }
  executing.crashPoint("attempt:claimed");
  const result = await runWithHeartbeat(executing, dispatch, { owner, at }, control);
  executing.crashPoint("attempt:ran");
  const { stored, carried } = await outcomeOf(executing, dispatch.key, result);
  executing.crashPoint("attempt:stored-output");
  if ((await attempts.finish(dispatch.key, owner, stored, clock.now())) !== "finished") return "superseded";
  executing.crashPoint("attempt:finished");
  await complete(executing, dispatch, carried);
  return "finished";
}

async function complete({ events }: Executing, { key, run, token }: Dispatch, outcome: Outcome): Promise<void> {
  const told = withoutStack(outcome);
  // A completion that is lost is found again: the run is due until its attempts have been looked at.
  await events.send([{ type: "completed", v: 1, key, epoch: run.epoch, token, outcome: told }]);
}

/** The scheduler decides by class and name; the stack stays with the attempt. */
function withoutStack(outcome: Outcome): Outcome {
  if (outcome.kind !== "failed") return outcome;
  const { stack: _stack, ...error } = outcome.error;
  return { kind: "failed", error };
}

/** The first completion may have been lost: the item tells the same. */
async function repeatCompletion(
  executing: Executing,
  dispatch: Dispatch,
  item: Extract<AttemptItem, { status: "finished" }>,
): Promise<void> {
  await complete(executing, dispatch, item.outcome);
}

/** A claim of ours, and since when. */
interface Claim {
  readonly owner: string;
  readonly at: Instant;
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
    const [outputs, files] = await Promise.all([
      gatherOutputs(executing, dispatch),
      loadFiles(executing.blobs, dispatch.run.files),
    ]);
    await confirmClaim(executing, dispatch, claim, control);
    if (control.signal.aborted) return { kind: "failed", error: SUPERSEDED };
    return await runner.run({ dispatch, outputs, files }, control.signal);
  } catch (error) {
    return { kind: "failed", error: inputError(error) };
  } finally {
    done.abort(CODE_ENDED);
    await beating;
  }
}

/** Aborts if the attempt is no longer ours. */
async function renew(
  { attempts, clock, leaseMs }: Executing,
  { key }: Dispatch,
  { owner }: Claim,
  control: AbortController,
): Promise<void> {
  const answer = await attempts.heartbeat(key, owner, plus(clock.now(), leaseMs));
  if (answer === "renewed") return;
  control.abort(new FreshetError("RUN_ENDED", `attempt ${attemptKeyText(key)} was closed`));
}

/** Beyond this part of the lease a claim is asked for again before the code starts. */
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
  let known = claim.at;
  while (!control.signal.aborted && clock.now() - known > leaseMs * CONFIRMED_LEASE_SHARE) {
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

async function gatherOutputs(
  executing: Executing,
  { key, carried, upstream }: Dispatch,
): Promise<{ readonly [taskId: string]: JsonValue }> {
  const refs = new Map<string, OutputRef>(Object.entries(carried));
  const missing = upstream.filter(({ taskId, attempt }) => attempt > 0 && !refs.has(taskId));
  for (let first = 0; first < missing.length; first += ATTEMPT_READ_MAX) {
    const page = missing.slice(first, first + ATTEMPT_READ_MAX);
    const keys = page.map(({ taskId, attempt }) => ({ runId: key.runId, taskId, mapIndex: UNMAPPED, attempt }));
    const items = await executing.attempts.read(keys);
    for (const [index, { taskId }] of page.entries()) {
      const item = items[index];
      if (item?.status === "finished" && item.outcome.kind === "success") refs.set(taskId, item.outcome.output);
    }
  }
  const outputs: { [taskId: string]: JsonValue } = {};
  for (const [taskId, ref] of refs) {
    if (ref.kind !== "none")
      outputs[taskId] = ref.kind === "inline" ? ref.value : await readOutput(executing.blobs, ref.key);
  }
  return outputs;
}

/** Throws RECORD_DAMAGED if the blob is gone. */
export async function readOutput(blobs: BlobStore, key: string): Promise<JsonValue> {
  const body = await blobs.get(key);
  if (body === undefined)
    throw new FreshetError("RECORD_DAMAGED", `the output '${key}' is missing from the blob store`);
  return JSON.parse(new TextDecoder().decode(body)) as JsonValue;
}

interface Outcomes {
  /** What the attempt item keeps. */
  readonly stored: Outcome;
  /** What the completion carries: a small output in place, so that the next task need not read it. */
  readonly carried: Outcome;
}

async function outcomeOf(executing: Executing, key: AttemptKey, result: RunnerResult): Promise<Outcomes> {
  if (result.kind !== "success") return { stored: result, carried: result };
  const { output, ...rest } = result;
  if (output === undefined || output === null) return both({ ...rest, output: { kind: "none" } });
  const fault = jsonFault(output);
  if (fault !== undefined)
    return both(
      refused(
        "OUTPUT_NOT_JSON",
        `the output is not JSON; ${fault}: return plain data, or write a file and return its key`,
      ),
    );
  const body = new TextEncoder().encode(JSON.stringify(output));
  const inline: Outcome = { ...rest, output: { kind: "inline", value: output } };
  if (body.length <= OUTPUT_INLINE_BYTES_MAX) return both(inline);
  if (body.length > OUTPUT_BYTES_MAX) {
    const text = `the output has ${body.length} bytes; at most ${OUTPUT_BYTES_MAX} are allowed: write it to storage and return its key`;
    return both(refused("OUTPUT_TOO_LARGE", text));
  }
  const index = key.mapIndex === UNMAPPED ? "" : `.${key.mapIndex}`;
  const blob = `runs/${key.runId}/${key.taskId}${index}.${key.attempt}.json`;
  await executing.blobs.put(blob, body);
  const ref: OutputRef = {
    kind: "blob",
    key: blob,
    bytes: body.length,
    sha256: executing.ids.digest(JSON.stringify(output)),
  };
  const stored: Outcome = { ...rest, output: ref };
  return { stored, carried: body.length <= OUTPUT_CARRIED_BYTES_MAX ? inline : stored };
}

const both = (outcome: Outcome): Outcomes => ({ stored: outcome, carried: outcome });
const refused = (name: string, message: string): Outcome => ({
  kind: "failed",
  error: { name, message, class: "permanent" },
});
