import { dagId, runId, versionHash } from "../../shared/core/ids.ts";
import { RUN_SCHEMA, type Run, type TaskDetail, type TaskTable } from "../../shared/core/run.ts";
import { TASK_STATES, type TaskState } from "../../shared/core/states.ts";
import { NOON } from "./times.ts";

export const aVersionHash = (digit = "a"): Run["version"] => versionHash(digit.repeat(64));

type Slot = TaskState | { readonly state: TaskState; readonly attempt?: number; readonly detail?: TaskDetail };

/** One entry for each slot: `aTaskTable(["success", { state: "running", attempt: 2 }])`. Attempts are 0 unless given. */
export function aTaskTable(slots: readonly Slot[]): TaskTable {
  const rows = slots.map((slot): Exclude<Slot, string> => (typeof slot === "string" ? { state: slot } : slot));
  return {
    states: Uint8Array.from(rows, ({ state }) => TASK_STATES.indexOf(state)),
    attempts: Uint16Array.from(rows, ({ attempt }) => attempt ?? 0),
    details: rows.map(({ detail }) => detail),
    expansions: [],
  };
}

/** Without overrides: a manual run of `orders`, queued at NOON, with one task that is `none`. */
export const aRun = (overrides: Partial<Run> = {}): Run => ({
  schema: RUN_SCHEMA,
  runId: runId("orders.run-1"),
  dagId: dagId("orders"),
  version: aVersionHash(),
  runType: "manual",
  origin: { kind: "manual", by: "tester", idempotencyKey: null },
  logicalDate: null,
  dataInterval: null,
  params: {},
  files: [],
  state: "queued",
  epoch: 1,
  queuedAt: NOON,
  startedAt: null,
  endedAt: null,
  degraded: false,
  cause: null,
  cancel: null,
  pauses: [],
  pausedMs: 0,
  firstFailureAt: null,
  transitions: 0,
  expanded: 0,
  tasks: aTaskTable(["none"]),
  effects: [],
  effectsRecorded: 0,
  due: null,
  ...overrides,
});
