/** Follows a run by its records, whoever works on it: nothing is missed, however fast it goes. */
import { setTimeout as delay } from "node:timers/promises";
import { readRun, taskViews, type Reading, type RunReading } from "../../shared/app/views/runs.ts";
import type { TaskView } from "../../shared/contract/views.ts";
import type { AttemptItem } from "../../shared/core/attempt.ts";
import { UNMAPPED, type AttemptKey, type RunId, type TaskId } from "../../shared/core/ids.ts";
import { planOf, type Plan } from "../../shared/core/plan.ts";
import { stateOf } from "../../shared/core/run/draft.ts";
import { lastAttempt } from "../../shared/core/run/instances.ts";
import { isRunEnded, TASK_STATE } from "../../shared/core/states.ts";
import type { Instant } from "../../shared/core/time.ts";
import type { LogLine, LogStore } from "../../shared/embedded/log-store.ts";

/** How often the records are looked at ... */
const LOOK_MS = 50;
/** ... but the looking takes no more than this share of the time, in a run of thousands of tasks. */
const LOOK_SHARE_MAX = 0.1;

export type Step =
  | { readonly type: "admitted"; readonly run: RunReading }
  | { readonly type: "log"; readonly key: AttemptKey; readonly line: LogLine }
  /** An attempt is over, and the run knows it. */
  | {
      readonly type: "attempt";
      readonly key: AttemptKey;
      readonly item: AttemptItem | null;
      readonly task: FollowedTask;
    }
  /** A task has started a child run, and is deferred. */
  | { readonly type: "waiting"; readonly task: FollowedTask }
  /** A task ended without another attempt: skipped, or upstream_failed. */
  | { readonly type: "settled"; readonly task: FollowedTask }
  /** After all else that one look found. */
  | { readonly type: "looked"; readonly run: RunReading; readonly tasks: readonly TaskView[] };

export interface FollowedTask {
  readonly view: TaskView;
  readonly attemptsMax: number;
  /** When it is tried again, if it is. */
  readonly retryAt: Instant | null;
}

export interface FollowOptions {
  readonly reading: Reading;
  readonly logs: LogStore;
  readonly onStep: (step: Step) => void;
  /** Looks now instead of after a while. */
  readonly nudge?: () => Promise<void>;
  /** Gives up following: resolves with what was last read. */
  readonly signal: AbortSignal;
  /** Called with the run at each look: for one that nobody else wakes. */
  readonly onLook?: (reading: RunReading) => void;
}

/** Resolves with the run once it has ended, or `signal` aborts. Throws RUN_NOT_FOUND. */
export async function followRun(id: RunId, options: FollowOptions): Promise<RunReading> {
  const follower = createFollower(options);
  for (;;) {
    const began = performance.now();
    const run = await readRun(options.reading, id);
    await follower.look(run);
    options.onLook?.(run);
    if (isRunEnded(run.run.state) || options.signal.aborted) {
      await follower.end();
      return run;
    }
    const tookMs = performance.now() - began;
    await pause(Math.max(LOOK_MS, tookMs / LOOK_SHARE_MAX), options);
  }
}

async function pause(ms: number, { nudge, signal }: FollowOptions): Promise<void> {
  const over = new AbortController();
  const wait = delay(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => undefined);
  await Promise.race(nudge === undefined ? [wait] : [wait, nudge()]);
  over.abort();
}

interface Follower {
  look(run: RunReading): Promise<void>;
  end(): Promise<void>;
}

interface LogWatch {
  readonly over: AbortController;
  readonly done: Promise<void>;
}

function createFollower({ logs, onStep }: FollowOptions): Follower {
  /** Attempts told of as over, by task. */
  const told = new Map<string, number>();
  const settled = new Set<string>();
  /** Child runs told of. */
  const waiting = new Set<string>();
  const watches = new Map<string, LogWatch>();
  let admitted = false;

  const watch = (key: AttemptKey): LogWatch => {
    const name = `${key.taskId}#${key.attempt}`;
    let known = watches.get(name);
    if (known === undefined) {
      const over = new AbortController();
      const read = async (): Promise<void> => {
        for await (const line of logs.follow(key, over.signal)) onStep({ type: "log", key, line });
      };
      watches.set(name, (known = { over, done: read() }));
    }
    return known;
  };
  const unwatch = async (key: AttemptKey): Promise<void> => {
    const { over, done } = watch(key);
    over.abort();
    await done;
    watches.delete(`${key.taskId}#${key.attempt}`);
  };

  return {
    async look(run) {
      if (run.run.state === "queued") return;
      if (!admitted) onStep({ type: "admitted", run });
      admitted = true;
      const views = taskViews(run);
      const items = new Map(run.attempts.map(({ key, item }) => [`${key.taskId}#${key.attempt}`, item]));
      for (const view of views) {
        const task = followed(run, view);
        const over = attemptsOver(run, view);
        // Seen late, it is told all the same.
        if (view.childRunId !== null && !waiting.has(view.childRunId)) {
          waiting.add(view.childRunId);
          onStep({ type: "waiting", task });
        }
        for (let attempt = (told.get(view.taskId) ?? 0) + 1; attempt <= over; attempt++) {
          const key = keyOf(run, view, attempt);
          await unwatch(key);
          onStep({ type: "attempt", key, item: items.get(`${view.taskId}#${attempt}`) ?? null, task });
        }
        told.set(view.taskId, over);
        if (view.attempt > over && view.state === "running") void watch(keyOf(run, view, view.attempt));
        if (view.attempt > 0 || settled.has(view.taskId) || !isSettled(view)) continue;
        settled.add(view.taskId);
        onStep({ type: "settled", task });
      }
      onStep({ type: "looked", run, tasks: views });
    },
    async end() {
      for (const { over } of watches.values()) over.abort();
      await Promise.all([...watches.values()].map(async ({ done }) => done));
    },
  };
}

const isSettled = ({ state }: TaskView): boolean => TASK_STATE[state as keyof typeof TASK_STATE].terminal;

const keyOf = ({ run }: RunReading, view: TaskView, attempt: number): AttemptKey => ({
  runId: run.runId,
  taskId: view.taskId as TaskId,
  mapIndex: UNMAPPED,
  attempt,
});

/** How many of the task's attempts are over as far as the run is concerned. */
function attemptsOver({ run, version }: RunReading, { taskId, attempt }: TaskView): number {
  const slot = slotOf(planOf(version.manifest), taskId);
  const waits = run.tasks.details[slot]?.child !== undefined;
  return waits || TASK_STATE[stateOf(run.tasks, slot)].inFlight ? attempt - 1 : attempt;
}

function followed({ run, version }: RunReading, view: TaskView): FollowedTask {
  const plan = planOf(version.manifest);
  const slot = slotOf(plan, view.taskId);
  const spec = plan.tasks[slot]?.spec;
  const waits = stateOf(run.tasks, slot) === "up_for_retry";
  return {
    view,
    attemptsMax: spec === undefined ? view.attempt : lastAttempt(run.tasks, slot, spec),
    retryAt: waits ? (run.tasks.details[slot]?.due ?? null) : null,
  };
}

const slotOf = (plan: Plan, taskId: string): number => plan.slotOf.get(taskId) ?? 0;
