/** Every run ended as its tasks did, in its order and in its place, and told its DAG. */
import { outcomeOf } from "../../../shared/core/run/ending.ts";
import { isRunEnded, TASK_STATE } from "../../../shared/core/states.ts";
import type { Evidence, RunEvidence, TaskEvidence } from "../evidence.ts";

export const runChecks = (evidence: Evidence): readonly string[] => [
  ...evidence.runs.flatMap((run) =>
    [...ended(run), ...outcomeFollows(run), ...inOrder(run), ...tornDown(run)].map(
      (fault) => `${run.run.runId}: ${fault}`,
    ),
  ),
  ...evidence.dags.flatMap((dag) =>
    [...dagAtRest(dag), ...withinLimit(dag)].map((fault) => `${dag.dag.dagId}: ${fault}`),
  ),
  ...endsToldOnce(evidence),
];

function* ended({ run, tasks }: RunEvidence): Generator<string> {
  if (!isRunEnded(run.state)) yield `it is ${run.state}`;
  if (run.effects.length > 0) yield "its DAG has not acknowledged its end";
  if (run.due !== null) yield "it is due although nothing can happen any more";
  for (const { planned, task, state } of tasks) {
    if (planned.hook === null && !TASK_STATE[state].terminal) yield `task ${task} is ${state}`;
  }
}

function* outcomeFollows({ run, plan }: RunEvidence): Generator<string> {
  const { state, degraded } = outcomeOf(plan, run, run.tasks);
  if (run.state !== state || run.degraded !== degraded) {
    yield `it is ${run.state}${run.degraded ? ", degraded" : ""}; from its tasks follows ${state}${degraded ? ", degraded" : ""}`;
  }
}

/** No code began before all that it waits for had ended, and where a rule asks for it, succeeded. */
function* inOrder({ tasks }: RunEvidence): Generator<string> {
  for (const { planned, task, items, lines } of tasks) {
    if (planned.hook !== null || lines.length === 0) continue;
    const first = items.find((item) => item !== undefined && "startedAt" in item);
    const startedAt = first !== undefined && "startedAt" in first ? first.startedAt : 0;
    for (const slot of [...planned.required, ...planned.optional, ...planned.setups]) {
      const above = tasks[slot] as TaskEvidence;
      if (!TASK_STATE[above.state].terminal) yield `task ${task} began while ${above.task} is ${above.state}`;
      const last = above.items[above.attempt - 1];
      if (last !== undefined && last.status !== "running" && last.endedAt > startedAt)
        yield `task ${task} began before ${above.task} had ended`;
      const needs = planned.spec.rule === "all_success" && planned.required.includes(slot);
      if (needs && above.state !== "success") yield `task ${task} began although ${above.task} is ${above.state}`;
    }
  }
}

/** What a setup made is taken down, however the run ended. */
function* tornDown({ tasks }: RunEvidence): Generator<string> {
  for (const { planned, task, attempt } of tasks) {
    if (planned.spec.role !== "teardown" || attempt > 0) continue;
    const made = planned.setups.filter((slot) => tasks[slot]?.state === "success");
    if (made.length > 0) yield `teardown ${task} never ran, although its setup succeeded`;
  }
}

function* dagAtRest({ dag }: Evidence["dags"][number]): Generator<string> {
  if (dag.active.length > 0) yield `it still counts ${dag.active.map(({ runId }) => runId).join(", ")} as active`;
  for (const { triggerId, open } of dag.windows) if (open !== null) yield `a window of '${triggerId}' is still open`;
}

/** Never more runs at work than the DAG allows. */
function* withinLimit({ manifest, runs }: Evidence["dags"][number]): Generator<string> {
  const changes = runs.flatMap(({ run: { startedAt, endedAt, runId } }) =>
    startedAt === null || endedAt === null
      ? []
      : [
          { at: startedAt, by: 1, runId },
          { at: endedAt, by: -1, runId },
        ],
  );
  let active = 0;
  for (const { at, by, runId } of changes.toSorted((a, b) => a.at - b.at || a.by - b.by)) {
    active += by;
    if (active > manifest.maxActiveRuns)
      yield `when ${runId} started (${new Date(at).toISOString()}), ${active} runs were active`;
  }
}

/** The end of a run is decided, and so published, once. */
function* endsToldOnce({ storm }: Evidence): Generator<string> {
  const told = new Map<string, number>();
  for (const { type, run } of storm.lives.flatMap((life) => life.events)) {
    if (type === "run_ended" && run !== undefined) told.set(run.runId, (told.get(run.runId) ?? 0) + 1);
  }
  for (const [runId, times] of told) if (times > 1) yield `${runId}: its end was told ${times} times`;
}
