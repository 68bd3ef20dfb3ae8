/**
 * One seed, one history: the real use-cases over simulated ports, first while things go wrong, then until all has come to
 * rest. The same seed gives the same history, to the last step.
 */
import type { Dispatch } from "../../shared/core/attempt.ts";
import { attemptKeyText } from "../../shared/core/ids.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import { startDeadLetters } from "./actors/dead-letters.ts";
import { startExecutors } from "./actors/executors.ts";
import { startOperators, type Operators } from "./actors/operators.ts";
import { startSchedulers } from "./actors/schedulers.ts";
import { startTicker } from "./actors/ticker.ts";
import { createJudge, type Checker, type Judge, type Violation } from "./checkers/checker.ts";
import { CHECKERS } from "./checkers/index.ts";
import { moveText } from "./checkers/move.ts";
import { createDatabase, type Database } from "../../shared/simulated/database.ts";
import { createFaults } from "./faults.ts";
import { STEPS_MAX, createKernel } from "../../shared/simulated/kernel.ts";
import { createQueue, type SimulatedQueue } from "./queue.ts";
import { randomOf } from "../../shared/simulated/random.ts";
import type { World } from "./world.ts";
import { generateWorld } from "./world/generate.ts";
import type { WorldPlan } from "./world/plan.ts";
import { createScripts } from "./world/user-code.ts";

export interface Options {
  /** Gets every line of the trace, with the true time. */
  readonly trace?: (at: number, line: string) => void;
}

export interface Stats {
  readonly dags: number;
  readonly runs: number;
  readonly instances: number;
  readonly commits: number;
  readonly codeStarts: number;
  readonly faults: number;
  readonly steps: number;
}

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly stats: Stats;
  readonly faults: ReadonlyMap<string, number>;
  readonly crashPoints: ReadonlyMap<string, number>;
  readonly checked: ReadonlyMap<string, number>;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** After the faults, before anybody is held to what must then be so. */
const SETTLE_MS = 3 * HOUR_MS;
const DRAIN_STEP_MS = 30 * MINUTE_MS;
/** Within so long everything that was begun must have come to rest: the longest chain of retries and timeouts, queued up. */
const DRAIN_MS_MAX = 72 * HOUR_MS;

/** One world of so many keeps its runs encoded and sends its messages as text. */
const WIRE_EVERY = 16;

export async function simulate(seed: number, { trace }: Options = {}): Promise<Outcome> {
  const plan = generateWorld(seed);
  const { world, judge } = createWorld(seed, plan, trace);
  startSchedulers(world);
  startExecutors(world);
  startDeadLetters(world);
  startTicker(world);
  const deploys = plan.dags.map((manifest) => ({ at: plan.startAt, action: { type: "deploy", manifest } as const }));
  const operators = startOperators(world, [...deploys, ...plan.actions]);
  await live(world, judge, operators, plan);
  if (world.kernel.steps > STEPS_MAX)
    judge.convict("L1", "a world comes to rest", `it took more than ${STEPS_MAX} steps`);
  return outcomeOf(world, judge, plan);
}

async function live(world: World, judge: Judge, operators: Operators, plan: WorldPlan): Promise<void> {
  const { kernel, faults, database, events, tasks, deadEvents, deadTasks } = world;
  const stopped = (): boolean => judge.violation !== undefined;
  await kernel.runUntil(plan.startAt + plan.safetyMs, stopped);
  if (stopped()) return;

  faults.stop();
  world.trace?.(() => "--- the faults have stopped");
  const queues = [events, ...Object.values(tasks), deadEvents, deadTasks];
  for (const queue of queues) queue.hurry();
  for (const index of [database.due, database.queued, database.listed]) index.catchUp();
  const faultsStoppedAt = kernel.now();
  // A pool that stays drained lets nothing come to rest.
  for (const { pool, slots } of plan.pools) operators.act({ type: "resize", pool, slots });
  operators.act({ type: "resume_backfills" });
  // Nor does what stays paused.
  operators.act({ type: "resume_all" });
  const rest = () => ({
    now: kernel.now(),
    faultsStoppedAt,
    deeds: operators.deeds,
    openMessages: queues.reduce((sum, queue) => sum + queue.open(), 0),
    deadDispatches: world.deadDispatches,
    deadLetters: queues.reduce((sum, queue) => sum + queue.dead.length, 0),
  });
  await kernel.runUntil(faultsStoppedAt + SETTLE_MS, stopped);
  if (stopped()) return;
  judge.judge("settled", rest());

  // Somebody may have been slow to pause.
  operators.act({ type: "resume_all" });
  // Nothing comes to rest while schedules fire: the last version of each DAG has none.
  for (const { value } of database.dags.rows.values()) {
    const manifest = database.manifest(value.version);
    operators.act({ type: "deploy", manifest: { ...manifest, schedule: null, pauseAfterFailures: null } });
  }
  const until = kernel.now() + DRAIN_MS_MAX;
  do {
    await kernel.runUntil(kernel.now() + DRAIN_STEP_MS, stopped);
    operators.act({ type: "release" });
  } while (
    !stopped() &&
    kernel.now() < until &&
    kernel.steps <= STEPS_MAX &&
    !isDrained(database, rest().openMessages)
  );
  if (!stopped()) judge.judge("atRest", rest());
}

const isDrained = ({ runs, dags, pools, backfills }: Database, openMessages: number): boolean =>
  openMessages === 0 &&
  [...runs.rows.values()].every(({ value }) => isRunEnded(value.state) && value.due === null) &&
  [...dags.rows.values(), ...pools.rows.values(), ...backfills.rows.values()].every(({ value }) => value.due === null);

/** A world before anybody acts in it. */
export function createWorld(
  seed: number,
  plan: WorldPlan,
  trace?: Options["trace"],
  checkers: readonly Checker[] = CHECKERS,
): { world: World; judge: Judge } {
  const random = randomOf(seed, "happening");
  const kernel = createKernel(plan.startAt);
  const faults = createFaults(randomOf(seed, "faults"), plan.bent);
  const line = trace === undefined ? undefined : (text: () => string): void => trace(kernel.now(), text());
  const judge = createJudge({
    database: () => database,
    now: () => kernel.now(),
    checkers,
    ...(line === undefined ? {} : tracing(line)),
  });
  const wire = seed % WIRE_EVERY === 0;
  const database = createDatabase({ kernel, faults, random: random.fork("database"), watch: judge, encoded: wire });
  const queue = <Message>(
    name: string,
    precious: (message: Message) => boolean,
    onDead?: (message: Message) => void,
  ): SimulatedQueue<Message> =>
    createQueue<Message>({
      kernel,
      faults,
      random: random.fork(name),
      precious,
      ...(onDead === undefined ? {} : { onDead }),
    });
  // Nothing is lost between a queue and that of its dead letters.
  const deadEvents = queue<RunMessage>("dead-events", () => true);
  const deadTasks = queue<Dispatch>("dead-tasks", () => true);
  const deadDispatches: Dispatch[] = [];
  const giveUp = (dispatch: Dispatch): void => {
    deadDispatches.push(dispatch);
    deadTasks.accept(dispatch, 0);
  };
  let count = 0;
  const world: World = {
    seed,
    kernel,
    random,
    faults,
    database,
    watch: judge,
    floating: (process) => judge.leftFloating(process),
    // Only the bucket knows of its objects; all else is found again by the sweep.
    events: queue<RunMessage>(
      "events",
      (message) => message.type === "object_created",
      (message) => deadEvents.accept(message, 0),
    ),
    tasks: {
      lambda: queue<Dispatch>("lambda", () => false, giveUp),
      worker: queue<Dispatch>("worker", () => false, giveUp),
    },
    deadEvents,
    deadTasks,
    deadDispatches,
    outage: plan.outage,
    code: createScripts(seed),
    wire,
    recordedFaults: [],
    count: () => (count += 1),
    trace: line,
  };
  return { world, judge };
}

type Line = NonNullable<World["trace"]>;

function tracing(line: Line): Pick<Parameters<typeof createJudge>[0], "onRun" | "onDag" | "onPool" | "onAttempt"> {
  return {
    onRun({ by, before, after, version }, moves) {
      line(() => {
        const head = before?.state === after.state ? "" : ` ${before?.state ?? "new"} → ${after.state}`;
        const moved = moves.map((move) => moveText(after.runId, move).slice(after.runId.length + 2)).join(", ");
        const due = after.due === null ? "never" : new Date(after.due).toISOString().slice(11, 19);
        return `${by} commits run ${after.runId} v${version}${head}${moved === "" ? "" : `: ${moved}`} [due ${due}]`;
      });
    },
    onDag({ by, after, version }) {
      line(() => {
        const { dagId, active, windows, queue, nextFire, due } = after;
        const time = (at: number | null): string => (at === null ? "never" : new Date(at).toISOString().slice(5, 19));
        const open = windows.map(
          (window) => `${window.triggerId} ${window.number}${window.open === null ? "" : " open"}`,
        );
        const runs = active.map((run) => run.runId.slice(dagId.length + 1) + (run.confirmed ? "" : "?"));
        return `${by} commits dag ${dagId} v${version}: active [${runs.join(" ")}] queue ${queue} windows [${open.join(", ")}] next ${time(nextFire)} due ${time(due)}`;
      });
    },
    onPool({ by, after, version }) {
      line(() => {
        const { poolId, slots, entries } = after;
        const parts = entries.map(
          ({ runId, epoch, granted, released, seen, next }) =>
            `${runId}/${epoch} ${granted}-${released}${seen < granted ? "?" : ""}${next === null ? "" : ` wants ${next.count}x${next.weight}`}`,
        );
        return `${by} commits pool ${poolId} v${version} of ${slots}: ${parts.join(", ")}`;
      });
    },
    onAttempt({ by, key, before, after }) {
      if (before?.status === after.status) return;
      line(() => `${by} attempt ${attemptKeyText(key)} ${before?.status ?? "absent"} → ${after.status}`);
    },
  };
}

function outcomeOf({ seed, database, faults, kernel }: World, judge: Judge, plan: WorldPlan): Outcome {
  let instances = 0;
  for (const { value } of database.runs.rows.values()) {
    instances += database.manifest(value.version).tasks.length;
    for (const { length } of value.tasks.expansions) instances += length;
  }
  return {
    seed,
    violation: judge.violation,
    stats: {
      dags: plan.dags.length,
      runs: database.runs.rows.size,
      instances,
      commits: database.commits(),
      codeStarts: judge.ledger.codeStarts,
      faults: [...faults.counts.values()].reduce((sum, count) => sum + count, 0),
      steps: kernel.steps,
    },
    faults: faults.counts,
    crashPoints: faults.crashPoints,
    checked: judge.checked,
  };
}
