/** A whole embedded Freshet whose clock is in the hand of the test: real stores, tasks that are played in this process. */
import { join } from "node:path";
import type { Dispatch } from "../../shared/core/attempt.ts";
import type { Fact } from "../../shared/core/events.ts";
import type { ExecutorClass } from "../../shared/core/executor-class.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import { versionHash } from "../../shared/core/ids.ts";
import type { Run } from "../../shared/core/run.ts";
import type { RunnerResult } from "../../shared/core/task-host.ts";
import { earliest, instant, plus, type Instant } from "../../shared/core/time.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { handleRunMessages } from "../../shared/app/handle-messages.ts";
import { register } from "../../shared/app/register.ts";
import { runAttempt } from "../../shared/app/attempt/run-attempt.ts";
import { tick } from "../../shared/app/tick.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import { createClock, createIds, openTokens } from "../../shared/embedded/clock.ts";
import { openStores } from "../../cli/home/stores.ts";
import type { Fault } from "../../shared/ports/fault-log.ts";
import { aFolder } from "./folder.ts";
import { NOON } from "./times.ts";

const TICK_MS = 60_000;
/** Rounds of messages until all is quiet: more than any test needs. */
const ROUNDS_MAX = 100_000;

export interface SteeredHome {
  readonly engine: Engine;
  readonly facts: readonly Fact[];
  readonly faults: readonly Fault[];
  now(): Instant;
  /** What a task does; at first it succeeds. */
  play(task: (dispatch: Dispatch) => RunnerResult | "never"): void;
  deploy(manifest: Manifest): Promise<void>;
  /** Executors of this class are there, or are not; at first all are. */
  haveExecutors(executorClass: ExecutorClass, there: boolean): void;
  /** Everything that has been sent is handled. */
  settle(): Promise<void>;
  /** Time passes while everything runs: timers, and a tick a minute where anything is due. */
  passTo(until: Instant): Promise<void>;
  /** Time passes while nothing runs, and all that was on its way is lost. */
  sleepTo(until: Instant): void;
  runs(): Promise<readonly Run[]>;
  close(): Promise<void>;
}

export async function aSteeredHome(start: Instant = NOON): Promise<SteeredHome> {
  const folder = await aFolder();
  const path = join(folder.path, "home");
  const stores = openStores({
    path,
    stateFile: join(path, "state.db"),
    buckets: join(folder.path, "buckets"),
    logs: join(path, "logs"),
  });
  let now = start;
  let play: (dispatch: Dispatch) => RunnerResult | "never" = () => ({ kind: "success" });
  let timers: { readonly message: RunMessage; readonly at: Instant }[] = [];
  const absent = new Set<ExecutorClass>();
  const messages: RunMessage[] = [];
  const dispatches: Dispatch[] = [];
  const facts: Fact[] = [];
  const faults: Fault[] = [];
  const clock = { ...createClock(), now: () => now, sleep: () => Promise.resolve() };
  const ids = createIds();
  const queueOf = <Message>(to: Message[]) => ({
    send: (given: readonly Message[]) => {
      to.push(...given);
      return Promise.resolve({ refused: [] });
    },
  });
  const events = queueOf(messages);
  const wake = ({ kind, id }: { readonly kind: string; readonly id: string }): RunMessage =>
    ({ type: `wake_${kind}`, v: 1, [`${kind}Id`]: id }) as unknown as RunMessage;
  const engine: Engine = {
    ...stores,
    events,
    tasks: (executorClass) => (absent.has(executorClass) ? undefined : queueOf(dispatches)),
    timers: { arm: (target, at) => Promise.resolve(void timers.push({ message: wake(target), at })) },
    bus: { publish: (given) => Promise.resolve(void facts.push(...given)) },
    faults: { record: (fault) => void faults.push(fault), isKnown: () => false, list: () => faults },
    clock,
    ids,
    tokens: openTokens(path),
    versions: createVersionCache(stores.dags),
    crashPoint: () => {},
  };
  const runner = {
    run: ({ dispatch }: { readonly dispatch: Dispatch }) => {
      const end = play(dispatch);
      return end === "never" ? new Promise<never>(() => {}) : Promise.resolve(end);
    },
  };
  const executing = { ...stores, events, runner, clock, ids, leaseMs: 1e12, heartbeatMs: 1e9, crashPoint: () => {} };

  async function settle(): Promise<void> {
    for (let round = 0; messages.length > 0 || dispatches.length > 0; round++) {
      if (round > ROUNDS_MAX) throw new Error("it does not come to rest");
      const again = await handleRunMessages(engine, messages.splice(0));
      messages.push(...again);
      await Promise.all(
        dispatches.splice(0).map(async (dispatch) => {
          const attempt = runAttempt(executing, dispatch);
          if (play(dispatch) !== "never") await attempt;
        }),
      );
    }
  }

  async function nextDue(until: Instant): Promise<Instant | undefined> {
    let first = earliest(...timers.map(({ at }) => at));
    for await (const page of engine.due.due(until)) {
      const due = earliest(...page.map((record) => record.due));
      // The tick after it.
      first = earliest(
        first,
        due === undefined ? undefined : instant(Math.ceil(Math.max(due, now + 1) / TICK_MS) * TICK_MS),
      );
    }
    return first;
  }

  return {
    engine,
    facts,
    faults,
    now: () => now,
    play: (task) => void (play = task),
    async deploy(manifest) {
      const digest = ids.digest(JSON.stringify(manifest));
      await register(engine, [{ version: versionHash(digest + digest), manifest, bundle: digest + digest }]);
      await settle();
    },
    haveExecutors: (executorClass, there) => void (there ? absent.delete(executorClass) : absent.add(executorClass)),
    settle,
    async passTo(until) {
      for (;;) {
        const next = await nextDue(until);
        if (next === undefined || next > until) break;
        now = instant(Math.max(now, next));
        messages.push(...timers.filter(({ at }) => at <= now).map(({ message }) => message));
        timers = timers.filter(({ at }) => at > now);
        await tick(engine, plus(now, TICK_MS));
        await settle();
      }
      now = until;
    },
    sleepTo(until) {
      timers = [];
      messages.length = 0;
      dispatches.length = 0;
      now = until;
    },
    async runs() {
      const found: Run[] = [];
      let after: string | undefined;
      do {
        const page = await engine.runs.list({ limit: 200, ...(after === undefined ? {} : { after }) });
        found.push(...page.runs);
        after = page.next;
      } while (after !== undefined);
      return found.toReversed();
    },
    async close() {
      await stores.close();
      await folder.remove();
    },
  };
}
