import { deadlinesOf } from "../schedule/deadline.ts";
import type { RunId, VersionHash } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { planOf } from "../plan.ts";
import { RUN_SCHEMA, type DataInterval, type HeldBy, type Run, type RunOrigin } from "../run.ts";
import type { RunType } from "../states.ts";
import { earliest, type Instant } from "../time.ts";
import { emptyTasks } from "./draft.ts";
import { tellAgainAt } from "./effects.ts";

export interface NewRun {
  readonly runId: RunId;
  readonly version: VersionHash;
  readonly manifest: Manifest;
  readonly runType: RunType;
  readonly origin: RunOrigin;
  readonly dataInterval: DataInterval | null;
  readonly partial?: true;
  readonly heldBy?: HeldBy;
  readonly previous?: RunId;
  /** When it fell due by its schedule. */
  readonly dueAt?: Instant;
  readonly params: Run["params"];
  readonly files: Run["files"];
  readonly now: Instant;
}

/** A run as it is first put: queued, nothing started, due to remind its DAG should nobody admit it. */
export function newRun({ manifest, now, dataInterval, dueAt = now, ...given }: NewRun): Run {
  const logicalDate = dataInterval?.start ?? null;
  const facts = { runType: given.runType, logicalDate, queuedAt: now, dueAt };
  const deadlines = deadlinesOf(manifest, facts);
  return {
    schema: RUN_SCHEMA,
    ...given,
    dagId: manifest.dagId,
    dataInterval,
    logicalDate,
    ...(deadlines.length === 0 ? {} : { deadlines }),
    state: "queued",
    epoch: 0,
    queuedAt: now,
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
    tasks: emptyTasks(planOf(manifest)),
    effects: [],
    effectsRecorded: 0,
    due: earliest(tellAgainAt(now, now), deadlines[0]?.at) ?? null,
  };
}
