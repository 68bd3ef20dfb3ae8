/** Promises about versions: which one a run has, what it does by that, and what becomes of it under another one. */
import { isDeepStrictEqual } from "node:util";
import { attemptKeyText } from "../../../shared/core/ids.ts";
import type { Manifest, TaskSpec } from "../../../shared/core/manifest.ts";
import type { AuditEntry } from "../../../shared/core/operation.ts";
import { manifestOf, planOf } from "../../../shared/core/plan.ts";
import type { Run } from "../../../shared/core/run.ts";
import { TASK_STATE, type TaskState } from "../../../shared/core/states.ts";
import type { CodeStart } from "../../../shared/simulated/watch.ts";
import type { Checker, Expect, Rest, Seen } from "./checker.ts";
import { graphOf } from "./graph.ts";
import { rowsOf, stateAt } from "./instances.ts";

/** Whoever has read which version is the newest goes on with that, however long he stands still in between. */
const READ_BEFORE_MS = 1_800_000;

const wasNewest = ({ ledger }: Seen, { dagId, version }: Pick<Run, "dagId" | "version">, at: number): boolean =>
  ledger.newestOf(dagId).some((each) => each.version === version && each.until >= at - READ_BEFORE_MS);

export const keepsItsVersion: Checker = {
  promise: "S5",
  says: "a run keeps the version that it started with, until somebody asks for another",
  run({ before, after, audit }, _moves, _seen, expect) {
    if (before === undefined || after.origin.kind === "chunk") return;
    const isAsked = audit !== undefined && /--latest|^backfill/.test(audit.action);
    expect(
      isAsked || before.version === after.version,
      () => `${after.runId} went on with ${after.version.slice(0, 8)} after ${before.version.slice(0, 8)}`,
    );
  },
};

export const newRunsHaveTheNewest: Checker = {
  promise: "S5",
  says: "a run that nobody gave a version has the one that was deployed last as it was made",
  run({ before, after, at }, _moves, seen, expect) {
    const { origin } = after;
    // Those of a schedule have what their DAG had as it admitted them, those of a backfill what that says.
    if (before !== undefined || origin.kind === "chunk" || origin.kind === "backfill") return;
    if (origin.kind === "schedule" || origin.kind === "arrival") return;
    expect(wasNewest(seen, after, at), () => `${after.runId} was made with ${after.version.slice(0, 8)}`);
  },
  dag({ before, after }, _seen, expect) {
    const known = new Set(before?.active.map(({ runId }) => runId));
    for (const { runId, scheduled } of after.active) {
      if (scheduled === undefined || known.has(runId)) continue;
      const newest = scheduled.version === after.version;
      expect(newest, () => `${after.dagId} admitted ${runId} with ${scheduled.version.slice(0, 8)}`);
    }
  },
};

export const chunksHaveTheVersionOfTheirRun: Checker = {
  promise: "S5",
  says: "instances in a record of their own run by the version of the run that they belong to",
  run({ after }, moves, { database }, expect) {
    if (after.origin.kind !== "chunk") return;
    const parent = database.runs.rows.get(after.origin.parent)?.value;
    if (parent === undefined || !moves.some((move) => move.attempt > move.attemptBefore)) return;
    expect(parent.version === after.version, () => `${after.runId} starts instances by ${after.version.slice(0, 8)}`);
  },
};

export const runsByItsVersion: Checker = {
  promise: "S5",
  says: "an attempt is sent, and run, with the graph and the code of its run's version",
  sent(sent, seen, expect) {
    if (!("type" in sent.message)) dispatchFits({ dispatch: sent.message }, seen, expect);
  },
  code: (start, seen, expect) => dispatchFits(start, seen, expect),
};

function dispatchFits({ dispatch }: Pick<CodeStart, "dispatch">, { database }: Seen, expect: Expect): void {
  const { key, run: context } = dispatch;
  const run = database.runs.rows.get(key.runId)?.value;
  if (run === undefined) return;
  const version = database.versions.get(run.version);
  if (version === undefined) return;
  const text = (what: string) => (): string => `${attemptKeyText(key)} has ${what}`;
  // A chunk is sent with what its parent says.
  expect(context.version === run.version, text(`version ${context.version.slice(0, 8)} of ${run.version.slice(0, 8)}`));
  expect(context.bundle === version.bundle, text(`bundle ${context.bundle.slice(0, 8)}`));
  const spec = graphOf(version.manifest).task(key.taskId);
  if (spec !== undefined) expect(dispatch.timeoutMs === spec.timeoutMs, text(`a timeout of ${dispatch.timeoutMs} ms`));
}

/** Where a task may stand that has not done anything under the version that brings it, or brings it anew. */
const FRESH: readonly TaskState[] = ["none", "scheduled", "queued", "deferred"];
const BY_RULE: readonly (string | undefined)[] = ["rule", "branch", "empty_map", "map_input"];

export const movedByName: Checker = {
  promise: "S2",
  says: "a run that goes on with another version keeps what its tasks have done, by their names; what is new or replaced begins",
  run(change, _moves, { database }, expect) {
    const { before, after, audit } = change;
    if (before === undefined || before.version === after.version) return;
    const old = manifestOf(before, database.manifest(before.version));
    const slots =
      planOf(change.manifest).tasks.length + after.tasks.expansions.reduce((sum, { rows }) => sum + rows, 0);
    expect(
      after.tasks.states.length === slots,
      () => `${after.runId} has ${after.tasks.states.length} of ${slots} rows`,
    );
    // Its parent says what becomes of its instances.
    if (after.origin.kind === "chunk") return;
    for (const spec of graphOf(change.manifest).tasks) {
      const [was, is] = [placeOf(before, old, spec.taskId), placeOf(after, change.manifest, spec.taskId)];
      const text = (): string => `${after.runId}: ${spec.taskId} went from ${was?.state} to ${is?.state}`;
      if (is === undefined) continue;
      const begins = FRESH.includes(is.state) || (isPassedOver(is.state) && BY_RULE.includes(is.code));
      if (was === undefined || !isSame(spec, old, change.manifest, before)) expect(begins, text);
      else if (was.state === is.state) expect(keeps(was, is) || isNamed(audit, spec.taskId), text);
      else expect(begins || is.state === "restarting" || is.code === "marked" || endsAsItsInstances(spec, is), text);
    }
  },
};

/** Whether an act says that it did something to the task, or to instances of it. */
const isNamed = (audit: AuditEntry | undefined, taskId: string): boolean =>
  Object.keys(audit?.after.tasks ?? {}).some((name) => name === taskId || name.startsWith(`${taskId}[`));

interface Place {
  readonly state: TaskState;
  readonly attempt: number;
  readonly code: string | undefined;
  readonly instances: readonly (readonly [number, number])[];
}

function placeOf(run: Run, manifest: Manifest, taskId: string): Place | undefined {
  const slot = planOf(manifest).slotOf.get(taskId);
  if (slot === undefined) return undefined;
  const { states, attempts, details } = run.tasks;
  const rows = rowsOf(run, manifest, taskId);
  const instances = Array.from({ length: rows?.rows ?? 0 }, (_, row) => {
    const at = (rows?.base ?? 0) + row;
    return [states[at] ?? 0, attempts[at] ?? 0] as const;
  });
  return { state: stateAt(run, slot), attempt: attempts[slot] ?? 0, code: details[slot]?.cause?.code, instances };
}

/** One of them was cleared, and cannot run any more by the rules of the newer version. */
const endsAsItsInstances = ({ map }: TaskSpec, { code }: Place): boolean => map !== null && code === "instances";
const isPassedOver = (state: TaskState): boolean => ["skipped", "upstream_failed", "failed"].includes(state);
const keeps = (was: Place, is: Place): boolean =>
  was.attempt === is.attempt && was.code === is.code && isDeepStrictEqual(was.instances, is.instances);

/** Whether what the task has done says the same in both versions. */
function isSame(spec: TaskSpec, old: Manifest, manifest: Manifest, before: Run): boolean {
  const was = graphOf(old).task(spec.taskId);
  if (was === undefined || was.map?.over !== spec.map?.over) return false;
  const rows = rowsOf(before, old, spec.taskId);
  // Chunks are as wide as they were made.
  if (rows?.chunks !== undefined && was.map?.chunkWidth !== spec.map?.chunkWidth) return false;
  const { length, unmappable, cause } = before.tasks.details[planOf(old).slotOf.get(spec.taskId) ?? -1] ?? {};
  const succeeded = placeOf(before, old, spec.taskId)?.state === "success" && cause?.code !== "marked";
  // A version before may have asked it for the list that is mapped over now.
  const isAsked = length !== undefined || unmappable !== undefined;
  return isAsked || !succeeded || !graphOf(manifest).tasks.some((other) => asksAnew(other, spec, old));
}

const asksAnew = ({ map }: TaskSpec, { taskId: over }: TaskSpec, old: Manifest): boolean =>
  map?.over === over && !graphOf(old).tasks.some((other) => other.map?.over === over);

export const movesAtRest: Checker = {
  promise: "S5",
  says: "nothing of a run is at work as it goes on with another version",
  run({ before, after }, _moves, _seen, expect) {
    if (before === undefined || before.version === after.version) return;
    const busy = [...before.tasks.states.keys()].map((slot) => stateAt(before, slot)).find(isAtWork);
    expect(busy === undefined, () => `${after.runId} was taken over while something of it was ${busy}`);
  },
};

const isAtWork = (state: TaskState): boolean =>
  TASK_STATE[state].inFlight || state === "scheduled" || state === "deferred";

export const movesToTheNewest: Checker = {
  promise: "S5",
  says: "a run that somebody takes over goes on with the version that was deployed last",
  run({ before, after, audit, at }, _moves, seen, expect) {
    if (before === undefined || audit === undefined || !audit.action.includes("--latest")) return;
    expect(wasNewest(seen, after, at), () => `${after.runId} goes on with ${after.version.slice(0, 8)}`);
  },
};

/** Who insists on a deployment of his may do so that long. */
const INSISTS_MS = 1_800_000;

export const deployedIsNewest: Checker = {
  promise: "L1",
  says: "what was deployed last is the version of its DAG: an older one too, and of one that had been removed",
  settled({ database, deeds }: Rest, expect) {
    const byDag = Map.groupBy(deeds.deployed, ({ manifest }) => manifest.dagId);
    for (const [dagId, deployed] of byDag) {
      const dag = database.dags.rows.get(dagId)?.value;
      const last = deployed.at(-1)?.at ?? 0;
      const told = deployed.filter(({ at }) => at >= last - INSISTS_MS);
      const met = told.some(
        ({ version, removed = false }) => dag?.removed === removed && (removed || dag.version === version),
      );
      expect(met, () => `${dagId} is at ${dag?.version.slice(0, 8)}${dag?.removed === true ? ", removed" : ""}`);
    }
  },
};
