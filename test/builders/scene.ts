/** A run and the hour: a test tells it what happens, one decision after the other, and looks at what comes of it. */
import type { AttemptItem, Outcome } from "../../shared/core/attempt.ts";
import { assertNever } from "../../shared/core/errors.ts";
import type { RunCommand, RunEvent } from "../../shared/core/events.ts";
import { type AttemptKey, UNMAPPED } from "../../shared/core/ids.ts";
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import { planOf } from "../../shared/core/plan.ts";
import type { Run, TaskDetail } from "../../shared/core/run.ts";
import { advance } from "../../shared/core/run/advance.ts";
import { expansionOf, stateOf } from "../../shared/core/run/draft.ts";
import { newRun } from "../../shared/core/run/new-run.ts";
import type { TaskState } from "../../shared/core/states.ts";
import { type Instant, plus } from "../../shared/core/time.ts";
import { aFailure, aSuccess } from "./attempt.ts";
import { aManifest } from "./manifest.ts";
import { aRun } from "./run.ts";
import { NOON } from "./times.ts";

export type CommandOf<Type extends RunCommand["type"]> = Extract<RunCommand, { readonly type: Type }>;

/** What an attempt item says of itself, without the owner. */
type Seen =
  | { readonly status: "running"; readonly startedAt?: Instant; readonly leaseUntil: Instant }
  | { readonly status: "finished"; readonly outcome: Outcome }
  | { readonly status: "closed" | "revoked"; readonly reason: Extract<AttemptItem, { status: "closed" }>["reason"] };

export interface Scene {
  readonly run: Run;
  readonly manifest: Manifest;
  readonly now: Instant;
  /** Of the last decision. */
  readonly commands: readonly RunCommand[];
  readonly changed: boolean;
  /** One decision on all of these events. */
  tell(...events: readonly RunEvent[]): Scene;
  /** Time passes. */
  after(ms: number): Scene;
  wake(): Scene;
  /** One decision in which all of these have succeeded. */
  succeed(...ids: readonly string[]): Scene;
  fail(id: string, error?: Parameters<typeof aFailure>[0]): Scene;
  /** One decision in which a task has given a list of so many items. */
  giveList(id: string, length: number): Scene;
  /** What the attempt store holds for the current attempt of a task, or answers to its close. */
  see(id: string, item: Seen | null): Scene;
  cancel(): Scene;
  completed(id: string, outcome: Outcome, attempt?: number): RunEvent;
  key(id: string, attempt?: number): AttemptKey;
  state(id: string): TaskState;
  attempt(id: string): number;
  detail(id: string): TaskDetail | undefined;
  states(): Readonly<Record<string, TaskState>>;
  all<Type extends RunCommand["type"]>(type: Type): readonly CommandOf<Type>[];
  /** `extract#1`, of an instance `load[3]#1`, for each attempt that the last decision sent. */
  dispatched(): readonly string[];
}

/** A run of these tasks, queued at NOON; `admitted` unless it says otherwise. */
export function aScene(
  tasks: readonly TaskSpec[],
  { admitted = true, ...overrides }: Partial<Manifest> & { readonly admitted?: boolean } = {},
): Scene {
  const manifest = aManifest({ tasks, ...overrides });
  const { runId, version, origin } = aRun();
  const given = { runId, version, origin, runType: "manual", dataInterval: null, params: {}, files: [] } as const;
  const own = {
    run: newRun({ ...given, manifest, now: NOON }),
    now: NOON,
    commands: [] as readonly RunCommand[],
    changed: false,
  };
  const slotOf = (name: string): number => {
    const { id, mapIndex } = instanceNamed(name);
    const slot = planOf(manifest).slotOf.get(id);
    if (slot === undefined) throw new Error(`there is no task '${id}'`);
    if (mapIndex === UNMAPPED) return slot;
    const expansion = expansionOf(own.run.tasks, slot);
    if (expansion === undefined) throw new Error(`task '${id}' has no instances`);
    return expansion.base + mapIndex - expansion.first;
  };
  const scene: Scene = {
    manifest,
    get run() {
      return own.run;
    },
    get now() {
      return own.now;
    },
    get commands() {
      return own.commands;
    },
    get changed() {
      return own.changed;
    },
    tell(...events) {
      Object.assign(own, advance(own.run, manifest, events, own.now));
      return scene;
    },
    after(ms) {
      own.now = plus(own.now, ms);
      return scene;
    },
    wake: () => scene.tell({ type: "wake" }),
    succeed: (...ids) => scene.tell(...ids.map((id) => scene.completed(id, aSuccess()))),
    giveList: (id, length) => {
      const value = Array.from({ length }, (_, index) => `item-${index}`);
      return scene.tell(
        scene.completed(id, { kind: "success", output: { kind: "inline", value }, mapped: { length } }),
      );
    },
    fail: (id, error = {}) => scene.tell(scene.completed(id, aFailure(error))),
    see: (id, item) =>
      scene.tell({ type: "attempt_seen", key: scene.key(id), item: item === null ? null : itemOf(item) }),
    cancel: () => scene.tell({ type: "cancel", by: "ann", reason: "wrong day" }),
    completed: (id, outcome, attempt) => ({
      type: "completed",
      key: scene.key(id, attempt),
      epoch: own.run.epoch,
      outcome,
    }),
    key: (name, attempt = scene.attempt(name)) => {
      const { id, mapIndex } = instanceNamed(name);
      return { runId, taskId: id as AttemptKey["taskId"], mapIndex, attempt };
    },
    state: (id) => stateOf(own.run.tasks, slotOf(id)),
    attempt: (id) => own.run.tasks.attempts[slotOf(id)] ?? 0,
    detail: (id) => own.run.tasks.details[slotOf(id)],
    states: () => Object.fromEntries(tasks.map((task) => [task.taskId, scene.state(task.taskId)])),
    all: <Type extends RunCommand["type"]>(type: Type) =>
      own.commands.filter((command): command is CommandOf<Type> => command.type === type),
    dispatched: () =>
      scene.all("dispatch").map(({ key }) => {
        const instance = key.mapIndex === UNMAPPED ? "" : `[${key.mapIndex}]`;
        return `${key.taskId}${instance}#${key.attempt}`;
      }),
  };
  return admitted ? scene.tell({ type: "admitted", epoch: own.run.epoch }) : scene;
}

/** `load[3]` is an instance of `load`. */
function instanceNamed(name: string): { readonly id: string; readonly mapIndex: number } {
  const [, id = name, index] = /^(.*)\[(\d+)\]$/.exec(name) ?? [];
  return { id, mapIndex: index === undefined ? UNMAPPED : Number(index) };
}

function itemOf(seen: Seen): AttemptItem {
  switch (seen.status) {
    case "running":
      return { owner: "worker-1", startedAt: NOON, ...seen };
    case "finished":
      return { owner: "worker-1", startedAt: NOON, endedAt: NOON, ...seen };
    case "closed":
      return { status: "closed", owner: "worker-1", startedAt: NOON, endedAt: NOON, reason: seen.reason };
    case "revoked":
      return { status: "revoked", endedAt: NOON, reason: seen.reason };
    default:
      return assertNever(seen);
  }
}
