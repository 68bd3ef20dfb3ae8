/**
 * One run driven through the engine's decision to its end, over executors and an attempt store in memory. Messages are lost,
 * doubled, reordered and late, executors die; then the faults stop, and the run has to end.
 */
import type { AttemptItem, Outcome } from "../../shared/core/attempt.ts";
import type { RunCommand, RunEvent } from "../../shared/core/events.ts";
import { attemptKeyText, UNMAPPED, type AttemptKey } from "../../shared/core/ids.ts";
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import { LOSSES_MAX } from "../../shared/core/retry.ts";
import type { Run } from "../../shared/core/run.ts";
import { advance, type RunDecision } from "../../shared/core/run/advance.ts";
import { newRun } from "../../shared/core/run/new-run.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import { plus, type Instant } from "../../shared/core/time.ts";
import { NOON, aRun } from "../builders/index.ts";
import type { Dice } from "./dice.ts";
import type { Script } from "./evaluate.ts";

const LEASE_MS = 30_000;
/** Steps with faults. */
const CHAOS_STEPS_MAX = 60;
/** Steps without: more than any run of these needs. */
const CALM_STEPS_MAX = 3_000;

export interface Drive {
  readonly manifest: Manifest;
  readonly scripts: Readonly<Record<string, Script>>;
  readonly dice: Dice;
  /** Cancels the run at this step. */
  readonly cancelAt?: number;
  readonly onDecision: (decided: Decided) => void;
}

export interface Decided extends RunDecision {
  readonly before: Run;
  readonly events: readonly RunEvent[];
  readonly manifest: Manifest;
  readonly now: Instant;
  readonly items: ReadonlyMap<string, AttemptItem>;
}

export type DispatchCommand = Extract<RunCommand, { readonly type: "dispatch" }>;

/** How one attempt goes: it ends so, or its executor dies. */
type Part = Outcome | "dies";

interface World extends Drive {
  run: Run;
  now: Instant;
  readonly items: Map<string, AttemptItem>;
  /** Events on their way to the run, and those that came already and may come again. */
  readonly mail: RunEvent[];
  readonly delivered: RunEvent[];
  readonly dispatches: AttemptKey[];
  /** Everything that was ever sent. */
  readonly sent: DispatchCommand[];
  /** Claimed attempts whose code runs. */
  readonly working: { readonly key: AttemptKey; readonly part: Outcome }[];
  readonly parts: Map<string, Part[]>;
  readonly losses: Map<string, number>;
  faults: boolean;
}

/** Also what was sent on the way. */
export function driveToEnd(drive: Drive): Run & { readonly sent: readonly DispatchCommand[] } {
  const world = begin(drive);
  for (let step = 0; step < CHAOS_STEPS_MAX && !settled(world); step++) {
    if (step === drive.cancelAt) decide(world, [{ type: "cancel", by: "tester", reason: "" }]);
    chaos(world);
  }
  world.faults = false;
  for (let step = 0; step < CALM_STEPS_MAX && !settled(world); step++) calm(world);
  if (!settled(world)) throw new Error(`the run does not end: ${JSON.stringify(world.run.tasks.details)}`);
  return { ...world.run, sent: world.sent };
}

function begin(drive: Drive): World {
  const { runId, version, origin } = aRun();
  const given = { runId, version, origin, runType: "manual", dataInterval: null, params: {}, files: [] } as const;
  const world: World = {
    ...drive,
    run: newRun({ ...given, manifest: drive.manifest, now: NOON }),
    now: NOON,
    items: new Map(),
    mail: [],
    delivered: [],
    dispatches: [],
    working: [],
    parts: new Map(drive.manifest.tasks.flatMap((spec) => partsOfTask(spec, drive))),
    sent: [],
    losses: new Map(),
    faults: true,
  };
  world.mail.push({ type: "admitted", epoch: world.run.epoch });
  return world;
}

const settled = ({ run }: World): boolean => isRunEnded(run.state) && run.effects.length === 0;

/** A task, or an instance of a mapped one, by name. */
const nameOf = ({ taskId, mapIndex }: Pick<AttemptKey, "taskId" | "mapIndex">): string =>
  mapIndex === UNMAPPED ? taskId : `${taskId}[${mapIndex}]`;

/** What the attempts of a task come to; of a mapped one, those of each of its instances. */
function partsOfTask(spec: TaskSpec, { scripts, dice }: Drive): [string, Part[]][] {
  const script = scripts[spec.taskId] ?? { ends: "success" };
  if (spec.map === null) return [[spec.taskId, partsOf(spec, script, dice)]];
  const instances = script.ends === "success" ? (script.instances ?? []) : [];
  return instances.map((ends, mapIndex) => [nameOf({ taskId: spec.taskId, mapIndex }), partsOf(spec, { ends }, dice)]);
}

/** Attempts that come to what the script says: some that fail for a passing reason first, some that die. */
function partsOf(spec: TaskSpec, script: Script, dice: Dice): Part[] {
  const tries = spec.retry.retries + 1;
  const passing = (): Outcome => failure(dice.chance(0.5) ? "transient" : "timeout");
  const parts: Part[] = [];
  if (script.ends === "failed") {
    const exhausted = dice.chance(0.5);
    const failures = exhausted ? tries - 1 : Math.floor(dice.throw() * tries);
    for (let count = 0; count < failures; count++) parts.push(passing());
    parts.push(exhausted ? passing() : failure(dice.chance(0.5) ? "permanent" : "quarantine"));
  } else {
    for (let count = Math.floor(dice.throw() * tries); count > 0; count--) parts.push(passing());
    const { chosen, proceed, list } = script.ends === "success" ? script : {};
    const output = { kind: "inline", value: list ?? spec.taskId } as const;
    const length = list?.filter((item) => item !== null).length;
    parts.push(
      script.ends === "skipped"
        ? { kind: "skipped", reason: "nothing to do" }
        : {
            kind: "success",
            output,
            ...(list === undefined ? {} : { mapped: length === undefined ? {} : { length } }),
            ...(spec.kind === "branch" && chosen !== undefined ? { chosen } : {}),
            ...(spec.kind === "shortCircuit" && proceed !== undefined ? { proceed } : {}),
          },
    );
  }
  for (let count = dice.chance(0.3) ? 1 : 0; count > 0; count--)
    parts.splice(Math.floor(dice.throw() * parts.length), 0, dice.chance(0.5) ? "dies" : failure("lost"));
  return parts;
}

const failure = (errorClass: "transient" | "timeout" | "permanent" | "quarantine" | "lost"): Outcome => ({
  kind: "failed",
  error: { name: "Error", message: `it was ${errorClass}`, class: errorClass },
});

function decide(world: World, events: readonly RunEvent[]): void {
  const before = world.run;
  const decision = advance(before, world.manifest, events, world.now);
  world.run = decision.run;
  world.onDecision({ ...decision, before, events, manifest: world.manifest, now: world.now, items: world.items });
  for (const command of decision.commands) deliver(world, command);
}

function deliver(world: World, command: RunCommand): void {
  const { dice, faults, mail } = world;
  switch (command.type) {
    case "dispatch":
      world.sent.push(command);
      if (!faults || dice.chance(0.85)) world.dispatches.push(command.key);
      break;
    case "inspect":
      for (const key of command.keys) {
        mail.push({ type: "attempt_seen", key, item: world.items.get(attemptKeyText(key)) ?? null });
      }
      break;
    case "close":
      if (faults && dice.chance(0.1)) break; // We died before we closed it.
      mail.push({ type: "attempt_seen", key: command.key, item: close(world, command) });
      break;
    case "tell":
      mail.push({ type: "effect_acknowledged", number: command.effect.number });
      break;
    case "inspect_child":
    case "inspect_past":
    case "tell_queued":
    case "leave_pool":
    case "timer":
    case "publish":
      break;
  }
}

function close(world: World, { key, reason, lease }: Extract<RunCommand, { type: "close" }>): AttemptItem {
  const { items, now } = world;
  const name = attemptKeyText(key);
  const there = items.get(name);
  if (there === undefined) items.set(name, { status: "revoked", endedAt: now, reason });
  else if (there.status === "running" && (lease === undefined || lease === there.leaseUntil)) {
    items.set(name, { status: "closed", owner: there.owner, startedAt: there.startedAt, endedAt: now, reason });
    takeBack(world, key);
  }
  return items.get(name) as AttemptItem;
}

/** What a closed attempt would have come to is left to the next one. */
function takeBack({ working, parts }: World, key: AttemptKey): void {
  const index = working.findIndex((work) => attemptKeyText(work.key) === attemptKeyText(key));
  const [work] = index < 0 ? [] : working.splice(index, 1);
  if (work !== undefined) parts.get(nameOf(key))?.unshift(work.part);
}

/** An executor takes a dispatch: the first one to come claims the attempt. */
function claim(world: World): void {
  const { dice, dispatches, faults, items, now, parts } = world;
  const key = dice.take(dispatches);
  if (key === undefined) return;
  if (faults && dice.chance(0.2)) dispatches.push(key); // It comes again.
  const name = attemptKeyText(key);
  const there = items.get(name);
  if (there?.status === "finished") return complete(world, key, there.outcome);
  if (there !== undefined) return;
  items.set(name, { status: "running", owner: name, startedAt: now, leaseUntil: plus(now, LEASE_MS) });
  const part = parts.get(nameOf(key))?.shift() ?? hookPart(dice);
  if (part !== "dies") world.working.push({ key, part });
  if (isLoss(part)) countLoss(world, nameOf(key));
}

/** A hook may fail: that is nobody's concern. */
const hookPart = (dice: Dice): Part =>
  dice.chance(0.3) ? failure("transient") : { kind: "success", output: { kind: "none" } };

const isLoss = (part: Part): boolean => part === "dies" || (part.kind === "failed" && part.error.class === "lost");
const countLoss = ({ losses }: World, task: string): void => void losses.set(task, (losses.get(task) ?? 0) + 1);

function finish(world: World): void {
  const work = world.dice.take(world.working);
  if (work === undefined) return;
  const name = attemptKeyText(work.key);
  const item = world.items.get(name);
  if (item?.status !== "running") return;
  const { owner, startedAt } = item;
  world.items.set(name, { status: "finished", owner, startedAt, endedAt: world.now, outcome: work.part });
  if (!world.faults || world.dice.chance(0.8)) complete(world, work.key, work.part);
}

const complete = (world: World, key: AttemptKey, outcome: Outcome): void =>
  void world.mail.push({ type: "completed", key, epoch: world.run.epoch, outcome });

/** Time passes; executors that live renew their leases, unless they are cut off for a while. */
function pass(world: World, ms: number): void {
  world.now = plus(world.now, ms);
  for (const { key } of world.working) {
    const item = world.items.get(attemptKeyText(key));
    if (item?.status !== "running") continue;
    if (world.faults && world.dice.chance(0.1) && mayLose(world, nameOf(key))) {
      countLoss(world, nameOf(key));
      continue;
    }
    world.items.set(attemptKeyText(key), { ...item, leaseUntil: plus(world.now, LEASE_MS) });
  }
}

/** Losses beyond the budget fail a task, which no script foresees. */
const mayLose = ({ losses, parts }: World, task: string): boolean =>
  (losses.get(task) ?? 0) + (parts.get(task)?.filter(isLoss).length ?? 0) < LOSSES_MAX;

function chaos(world: World): void {
  const { dice, mail, delivered } = world;
  const roll = dice.throw();
  if (roll < 0.35) {
    const batch: RunEvent[] = [];
    for (let count = 1 + Math.floor(dice.throw() * 4); count > 0; count--) {
      const event = dice.take(mail);
      if (event === undefined) break;
      delivered.push(event);
      if (dice.chance(0.2)) mail.push(event);
      if (dice.chance(0.9) || event.type === "admitted") batch.push(event);
      if (event.type === "admitted" && dice.chance(0.5)) batch.push(event);
    }
    const old = delivered[Math.floor(dice.throw() * delivered.length)];
    decide(world, dice.chance(0.2) && old !== undefined ? dice.shuffle([...batch, old]) : batch);
  } else if (roll < 0.6) claim(world);
  else if (roll < 0.85) finish(world);
  else {
    const { due } = world.run;
    pass(world, due !== null && dice.chance(0.5) ? Math.max(0, due - world.now) : Math.floor(dice.throw() * 20_000));
    decide(world, [{ type: "wake" }]);
  }
}

/** All that is on its way arrives, all that is claimed ends; then the clock jumps to when the record wants to be looked at. */
function calm(world: World): void {
  const { run, mail } = world;
  if (mail.length > 0) return decide(world, mail.splice(0));
  if (world.dispatches.length > 0) return claim(world);
  if (world.working.length > 0) return finish(world);
  if (run.due === null) throw new Error(`nothing will ever look at the run again: ${run.state}`);
  pass(world, Math.max(0, run.due - world.now));
  decide(world, [{ type: "wake" }]);
}
