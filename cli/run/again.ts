/** Runs one task again with the inputs that it had in a run. Nothing of it is recorded. */
import { contextOf } from "../../shared/app/attempt/run-context.ts";
import { loadFiles } from "../../shared/app/files.ts";
import { readOutput, readResults } from "../../shared/app/attempt/inputs.ts";
import { succeededInstances } from "../../shared/app/views/instances.ts";
import { readRun, type RunReading } from "../../shared/app/views/runs.ts";
import type { Dispatch, OutputRef } from "../../shared/core/attempt.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import { UNMAPPED, type AttemptKey, type RunId, type TaskId } from "../../shared/core/ids.ts";
import type { JsonValue } from "../../shared/core/json.ts";
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import { planOf } from "../../shared/core/plan.ts";
import { didYouMean } from "../../shared/core/problem.ts";
import { stateOf } from "../../shared/core/run/draft.ts";
import type { RunnerInput, RunnerResult } from "../../shared/core/task-host.ts";
import { durationText, iso, type Instant } from "../../shared/core/time.ts";
import { createClock, createIds } from "../../shared/embedded/clock.ts";
import type { DagVersion } from "../../shared/ports/dag-store.ts";
import { required } from "../command.ts";
import { engineBeside } from "../home/beside.ts";
import { findRun } from "../home/find-run.ts";
import { taskRef } from "../operate/given.ts";
import type { OpenHome } from "../home/open-home.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { versionsOf } from "../home/register-dags.ts";
import { createWorkers, type LocalRunner } from "../home/scheduler.ts";
import type { StateStores } from "../home/stores.ts";
import { createDagLoader } from "../load/loader.ts";
import type { LoadedDag } from "../load/result.ts";
import { safeLine, safeText, shorten } from "../output/escape.ts";
import { EXIT, type ExitCode } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { logText } from "../output/log-line.ts";
import { placeOf } from "../place.ts";
import { printProblem } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import { stateText } from "../output/words.ts";
import { findDag, likelyFiles } from "./find-dag.ts";
import { taskEnvironment, type RunInvocation } from "./given-run.ts";
import { createInspectedRunner, waitForDebugger } from "./inspect.ts";
import { catchInterrupts } from "./interrupts.ts";

/** Characters of the output that are printed. */
const OUTPUT_SHOWN_MAX = 4_000;

/** Throws USAGE, DAG_NOT_FOUND, RUN_NOT_FOUND and TASK_NOT_FOUND for what cannot be. */
export async function runAgain(invocation: RunInvocation): Promise<ExitCode> {
  const { project, options } = invocation;
  const { task, fromRun } = options;
  if (task === undefined || fromRun === undefined) {
    throw new FreshetError(
      "USAGE",
      "--task and --from-run go together: which task, and the run that it takes its inputs from",
    );
  }
  for (const name of ["date", "interval", "params", "file"] as const) {
    if (options[name] !== undefined)
      throw new FreshetError("USAGE", `--${name} does not go with --task: the task has what it had in --from-run`);
  }
  return lookIntoRuns(project, async (home) => {
    const from = await readRun(home.reading, await findRun(home.reading, fromRun));
    const { dag, version } = await currentCode(invocation, home);
    requireSameDag(from, version.manifest);
    const spec = taskOf(version.manifest, task);
    const input = await inputOf(home, from, version, spec);
    return runOnce(invocation, home.stores, dag, input);
  });
}

/** The code as it is now: to see whether a change helps. */
async function currentCode(
  { project, cwd, terminal, args }: RunInvocation,
  { stores }: OpenHome,
): Promise<{ readonly dag: LoadedDag; readonly version: DagVersion }> {
  const place = placeOf({ project, cwd });
  const loader = createDagLoader({ ...place, dagsDir: project.dagsDir });
  try {
    const dagId = required(args, 0);
    const { dag, problems } = await findDag(loader, await likelyFiles(project.dagsDir, dagId), dagId);
    for (const problem of problems) printProblem(terminal.err, problem, sourceLines(cwd));
    const bundled = await versionsOf([dag], { engine: engineBeside(stores), ...place });
    const [version] = bundled.versions;
    if (version !== undefined) return { dag, version };
    throw new FreshetError("INVALID_DAG", `dag '${dagId}' cannot be bundled`, { problems: bundled.problems });
  } finally {
    await loader.close();
  }
}

function requireSameDag({ run }: RunReading, { dagId }: Manifest): void {
  if (run.dagId === dagId) return;
  throw new FreshetError("USAGE", `run '${run.runId}' is one of dag '${run.dagId}', not of '${dagId}'`);
}

function taskOf({ dagId, tasks }: Manifest, task: string): TaskSpec {
  const ref = taskRef(task);
  const spec = tasks.find(({ taskId }) => taskId === ref.taskId);
  if (spec !== undefined && (spec.map !== null || spec.child !== null)) throw notAlone(dagId, spec);
  if (spec !== undefined && ref.mapIndex === null) return spec;
  const known = tasks.map(({ taskId }) => taskId);
  throw new FreshetError(
    "TASK_NOT_FOUND",
    `dag '${dagId}' has no task '${task}'${didYouMean(task, known)}; it has ${known.join(", ")}`,
  );
}

/** What such a task does is not its function alone. */
function notAlone(dagId: string, { taskId, child }: TaskSpec): FreshetError {
  const text =
    child === null
      ? `task '${taskId}' is mapped: an instance is nothing without its item; \`freshet clear <run> '${taskId}[3]'\` runs one again`
      : `task '${taskId}' starts a run of dag '${child.dagId}'; \`freshet run ${child.dagId}\` runs that, \`freshet run ${dagId}\` all`;
  return new FreshetError("USAGE", text);
}

async function inputOf(
  { stores }: OpenHome,
  from: RunReading,
  version: DagVersion,
  spec: TaskSpec,
): Promise<RunnerInput> {
  const now = createClock().now();
  const runId = trialId(from.run.dagId, now);
  const key: AttemptKey = { runId, taskId: spec.taskId, mapIndex: UNMAPPED, attempt: 1 };
  const context = contextOf(from.run, version);
  const dispatch: Dispatch = {
    v: 1,
    key,
    run: { ...context, runId, version: version.version },
    token: "",
    carried: {},
    upstream: [],
    timeoutMs: spec.timeoutMs,
    sentAt: now,
  };
  return {
    dispatch,
    outputs: await outputsOf(stores, from, spec),
    files: await loadFiles(stores.blobs, from.run.files),
  };
}

/** Under which the trial has its log and its staging: no run has such a name. */
const trialId = (dagId: string, now: Instant): RunId =>
  `${dagId}.trial.${iso(now).replaceAll(/[-:]/g, "").replace(".", "-")}-${createIds().suffix()}` as RunId;

async function outputsOf(
  stores: StateStores,
  from: RunReading,
  spec: TaskSpec,
): Promise<{ readonly [taskId: string]: JsonValue }> {
  const outputs: { [taskId: string]: JsonValue } = {};
  for (const { taskId, input, optional } of spec.upstream) {
    if (input === null) continue;
    const instances = stateIn(from, taskId) === "success" ? succeededInstances(from, slotIn(from, taskId)) : undefined;
    if (instances !== undefined) {
      outputs[taskId] = await readResults(stores, taskId, instances);
      continue;
    }
    const ref = outputRef(from, taskId);
    if (ref !== undefined && ref.kind !== "none") {
      outputs[taskId] = ref.kind === "inline" ? ref.value : await readOutput(stores.blobs, ref.key);
    }
    if (ref !== undefined || optional || spec.rule !== "all_success") continue;
    const text = `task '${spec.taskId}' takes the output of '${taskId}', which has none in run '${from.run.runId}' (${stateIn(from, taskId)})`;
    throw new FreshetError("USAGE", `${text}; choose a run in which it succeeded: \`freshet runs ${from.run.dagId}\``);
  }
  return outputs;
}

/** -1: the version that the run runs had no such task. */
const slotIn = ({ version }: RunReading, taskId: TaskId): number => planOf(version.manifest).slotOf.get(taskId) ?? -1;

function stateIn(from: RunReading, taskId: TaskId): string {
  const slot = slotIn(from, taskId);
  return slot === -1 ? "it had no such task" : stateOf(from.run.tasks, slot);
}

function outputRef(from: RunReading, taskId: TaskId): OutputRef | undefined {
  if (stateIn(from, taskId) !== "success") return undefined;
  const attempt = from.run.tasks.attempts[slotIn(from, taskId)];
  const found = from.attempts.find(({ key }) => key.taskId === taskId && key.attempt === attempt);
  if (found?.item.status !== "finished" || found.item.outcome.kind !== "success") return undefined;
  return found.item.outcome.output;
}

async function runOnce(
  invocation: RunInvocation,
  stores: StateStores,
  dag: LoadedDag,
  input: RunnerInput,
): Promise<ExitCode> {
  const { terminal, project, env, json, options } = invocation;
  const { key } = input.dispatch;
  const runner: LocalRunner =
    options.inspect === true
      ? createInspectedRunner(project.home, dag.file)
      : createWorkers({ project, env: taskEnvironment(env), workers: 1 });
  const interrupts = catchInterrupts();
  const over = new AbortController();
  if (!json) terminal.err.line("nothing of this is recorded; what the task writes to storage, it writes");
  const logs = options.logs && !json ? printLogs(invocation, stores, key, over.signal) : undefined;
  try {
    if (options.inspect === true) interrupts.without(() => waitForDebugger((text) => terminal.err.line(text)));
    const began = performance.now();
    const result = await runner.run(input, interrupts.first);
    over.abort();
    await logs;
    tellResult(invocation, key, result, performance.now() - began);
    if (interrupts.first.aborted) return EXIT.interrupted;
    return result.kind === "failed" ? EXIT.failure : EXIT.success;
  } finally {
    over.abort();
    interrupts.release();
    await runner.close();
  }
}

async function printLogs(
  { terminal }: RunInvocation,
  stores: StateStores,
  key: AttemptKey,
  over: AbortSignal,
): Promise<void> {
  for await (const line of stores.logs.follow(key, over)) terminal.out.line(logText(terminal.out, line));
}

function tellResult(
  { terminal, json, options }: RunInvocation,
  { taskId }: AttemptKey,
  result: RunnerResult,
  tookMs: number,
): void {
  const { out } = terminal;
  const state = result.kind;
  if (json) {
    const error = result.kind === "failed" ? { name: result.error.name, message: result.error.message } : null;
    const output = result.kind === "success" ? (result.output ?? null) : null;
    const reason = result.kind === "skipped" ? result.reason : null;
    return printJson(out, { taskId, fromRun: options.fromRun, state, output, reason, error });
  }
  const took = ` in ${durationText(tookMs)}`;
  const line = `${out.paint("bold", `task ${taskId}`)} ${stateText(out, state)}${took}`;
  if (result.kind === "skipped") return out.line(`${line}: ${safeLine(result.reason)}`);
  if (result.kind === "failed") {
    const { name, message, stack } = result.error;
    return out.line(
      `${line}: ${safeText([`${name}: ${message}`, ...(stack === undefined ? [] : [stack])].join("\n"))}`,
    );
  }
  out.line(line);
  if (result.output === undefined) return;
  out.line(shorten(safeText(JSON.stringify(result.output, undefined, 2)), OUTPUT_SHOWN_MAX));
}
