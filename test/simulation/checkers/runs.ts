/** Promises about the records of runs. */
import { isDeepStrictEqual } from "node:util";
import { decodeRun, encodeRun } from "../../../shared/core/run/codec/run-codec.ts";
import { planOf } from "../../../shared/core/plan.ts";
import type { Run } from "../../../shared/core/run.ts";
import { transitionsMax } from "../../../shared/core/run/instances.ts";
import { isRunEnded, TASK_STATE } from "../../../shared/core/states.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { RECORD_BYTES_MAX } from "../../../shared/ports/stored.ts";
import type { ArrivedObject } from "../../../shared/core/attempt.ts";
import { objectKey } from "../../../shared/simulated/ports/stores.ts";
import { isByHand, isPaused } from "./by-hand.ts";
import type { Checker, Seen } from "./checker.ts";
import { graphOf } from "./graph.ts";
import { instanceAt, instanceStates, stateAt } from "./instances.ts";
import { chosenOf, statesOf } from "./tasks.ts";
import { mayBe } from "./rules.ts";

export const oneRunPerDate: Checker = {
  promise: "S1",
  says: "there is one scheduled run for each DAG and logical date",
  run({ before, after }, _moves, { database }, expect) {
    if (before !== undefined || after.runType !== "scheduled") return;
    const twin = [...database.runs.rows.values()].find(
      ({ value }) =>
        value.runType === "scheduled" &&
        value.dagId === after.dagId &&
        value.logicalDate === after.logicalDate &&
        value.runId !== after.runId,
    );
    expect(twin === undefined, () => `${after.runId} and ${twin?.value.runId} cover the same date`);
  },
};

function filesOf(run: Run, { database }: Pick<Seen, "database">): readonly ArrivedObject[] {
  if (!("blob" in run.files)) return run.files;
  const body = database.blobs.get(run.files.blob);
  return body === undefined ? [] : (JSON.parse(new TextDecoder().decode(body)) as readonly ArrivedObject[]);
}

export const arrivalInOneRun: Checker = {
  promise: "S1",
  says: "every arrival belongs to at most one run of each trigger",
  run({ before, after }, _moves, { database, ledger }, expect) {
    if (before !== undefined || after.origin.kind !== "arrival") return;
    const files = filesOf(after, { database });
    expect(files.length > 0, () => `${after.runId} was made of no arrival`);
    for (const file of files) {
      const name = `${after.dagId}#${after.origin.triggerId}#${objectKey(file)}`;
      const other = ledger.objects.get(name);
      expect(other === undefined, () => `${objectKey(file)} is in ${after.runId} and in ${other}`);
      ledger.objects.set(name, after.runId);
    }
  },
};

export const terminalWhenAllAre: Checker = {
  promise: "S10",
  says: "a run has ended exactly when all of its tasks have",
  run({ after, manifest }, moves, _seen, expect) {
    if (moves.length === 0 && !isRunEnded(after.state)) return;
    const open = [...after.tasks.states.keys()]
      .map((slot) => ({ state: stateAt(after, slot), ...instanceAt(after, manifest, slot) }))
      .filter(({ state, hook }) => !TASK_STATE[state].terminal && !(hook && state === "none"));
    if (isRunEnded(after.state)) {
      expect(
        open.length === 0,
        () => `${after.runId} ended ${after.state} over ${open.map(({ taskId }) => taskId).join(", ")}`,
      );
      expect(after.endedAt !== null, () => `${after.runId} ended at no time`);
    } else if (after.state === "running" && open.length === 0) {
      expect(false, () => `${after.runId} is running, and all of its tasks have ended`);
    }
  },
};

export const endedStaysEnded: Checker = {
  promise: "S10",
  says: "a run that has ended keeps its result, unless somebody clears or marks tasks of it",
  run(change, _moves, _seen, expect) {
    const { before, after } = change;
    // A chunk is reopened by the order that brings somebody's hand.
    if (before === undefined || !isRunEnded(before.state) || isByHand(change)) return;
    const same = after.state === before.state && after.endedAt === before.endedAt && after.degraded === before.degraded;
    expect(same, () => `${after.runId} went from ${before.state} to ${after.state}`);
  },
};

export const resultFollowsFromItsTasks: Checker = {
  promise: "S10",
  says: "a run's result follows from its tasks and from what ended it",
  run({ after, manifest }, _moves, _seen, expect) {
    // What a chunk comes to is for its parent to say.
    if (!isRunEnded(after.state) || after.origin.kind === "chunk") return;
    const wanted = resultOf(after, manifest);
    const got = `${after.state}${after.degraded ? " degraded" : ""}`;
    expect(got === wanted, () => `${after.runId} ended ${got}; its tasks say ${wanted}`);
  },
};

/** Written after the documentation, by names and recursion. */
function resultOf(run: Run, manifest: Manifest): string {
  if (run.cancel !== null) return "cancelled";
  const graph = graphOf(manifest);
  const states = statesOf(run, manifest);
  const isBroken = (id: string): boolean => states(id) === "failed" || states(id) === "upstream_failed";
  const fails = (id: string): boolean => {
    const task = graph.task(id);
    if (task === undefined || !isBroken(id)) return false;
    if (task.allowFailure || graph.isForgiven(id)) return false;
    if (states(id) === "failed") return task.role !== "teardown" || task.failRun;
    return [...graph.required(task), ...graph.setupsAbove(task), ...task.setups].some(fails);
  };
  const endedByItself = run.cause === null || !ENDED_BY.includes(run.cause.code);
  if (!endedByItself || graph.tasks.some((task) => fails(task.taskId))) return "failed";
  const degraded = graph.tasks.some(
    (task) =>
      isBroken(task.taskId) ||
      (states(task.taskId) === "success" && graph.optional(task).some((id) => states(id) !== "success")) ||
      (states(task.taskId) === "success" && instanceStates(run, manifest, task.taskId)?.includes("failed") === true),
  );
  return degraded ? "success degraded" : "success";
}

const ENDED_BY: readonly string[] = ["run_timeout", "deadlock", "transition_budget"];

/** Rules over what is done never wait for each other: whatever the checkers' own reading can start, the engine must. */
export const nothingWaitsForNothing: Checker = {
  promise: "L6",
  says: "a task whose rule holds is decided in the same commit",
  run({ before, after, manifest }, moves, _seen, expect) {
    if (after.state !== "running" || after.cancel !== null || after.cause !== null) return;
    // Only an end, or the start of the run, opens anything.
    if (before?.state === "running" && !moves.some(({ to }) => TASK_STATE[to].terminal)) return;
    const graph = graphOf(manifest);
    const states = statesOf(after, manifest);
    const chosen = chosenOf(after, manifest);
    for (const task of graph.tasks) {
      if (states(task.taskId) !== "none") continue;
      // That its setup was skipped is only said once its own rule has been heard, too.
      if (graph.setupsAbove(task).some((id) => states(id) === "skipped")) continue;
      if (isPaused(after, task.taskId) || task.dependsOnPast !== undefined || task.allowedHours !== undefined) continue;
      // What it set up last is still being taken down.
      const teardowns = graph.tasks.filter(({ setups }) => setups.includes(task.taskId));
      if (teardowns.some(({ taskId }) => TASK_STATE[states(taskId)].inFlight)) continue;
      const open = (["run", "skipped", "upstream_failed"] as const).find((verdict) =>
        mayBe(verdict, task, graph, states, chosen),
      );
      expect(open === undefined, () => `${after.runId}: ${task.taskId} could be decided: ${open}`);
    }
  },
};

export const versionsRiseByOne: Checker = {
  promise: "S12",
  says: "versions of a record rise by one",
  run({ after, version }, _moves, { ledger }, expect) {
    rises(after.runId, version, ledger.versions, expect);
  },
  dag({ after, version }, { ledger }, expect) {
    rises(after.dagId, version, ledger.versions, expect);
  },
};

function rises(
  id: string,
  version: number,
  versions: Map<string, number>,
  expect: Parameters<NonNullable<Checker["dag"]>>[2],
): void {
  const before = versions.get(id) ?? 0;
  expect(version === before + 1, () => `${id} went from version ${before} to ${version}`);
  versions.set(id, version);
}

/** One commit of so many is encoded and decoded again; what worlds keep encoded is so anyway. */
const ENCODED_EVERY = 32;

export const storedFormSaysAll: Checker = {
  promise: "S12",
  says: "the stored form of a run says all that its record does",
  run({ after, version }, _moves, _seen, expect) {
    if (version % ENCODED_EVERY !== 0) return;
    const again = decodeRun(encodeRun(after));
    expect(isDeepStrictEqual(again, after), () => `${after.runId}: ${textOf(after)} became ${textOf(again)}`);
  },
};

const textOf = ({ tasks, ...head }: Run): string =>
  JSON.stringify([head, [...tasks.states], [...tasks.attempts], tasks.details.map((detail) => detail ?? null)]);

export const recordsStaySmall: Checker = {
  promise: "S16",
  says: "a record stays within its size, and a run within its transition budget",
  run({ after, version, manifest }, _moves, _seen, expect) {
    const most = transitionsMax({ plan: planOf(manifest), expansions: after.tasks.expansions });
    // What ends the run for having spent it moves every task once more.
    const spare = 4 * after.tasks.states.length;
    expect(after.transitions <= most + spare, () => `${after.runId} made ${after.transitions} transitions of ${most}`);
    if ((version + ENCODED_EVERY / 2) % ENCODED_EVERY !== 0) return;
    const { head, tasks: packed } = encodeRun(after);
    const bytes = Buffer.byteLength(head) + packed.length;
    expect(bytes <= RECORD_BYTES_MAX, () => `${after.runId} takes ${bytes} bytes`);
  },
};
