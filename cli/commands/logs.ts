import { setTimeout as delay } from "node:timers/promises";
import { findInstance } from "../../shared/app/instance-views.ts";
import { readRun, requireTask, type RunReading } from "../../shared/app/views.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import { UNMAPPED, type AttemptKey, type RunId, type TaskId } from "../../shared/core/ids.ts";
import { planOf } from "../../shared/core/plan.ts";
import { stateOf } from "../../shared/core/run/draft.ts";
import { isRunEnded, TASK_STATE } from "../../shared/core/states.ts";
import type { LogLine } from "../../shared/embedded/log-store.ts";
import { required, type Execute } from "../command.ts";
import { countOf } from "../given.ts";
import { findRun } from "../home/find-run.ts";
import type { OpenHome } from "../home/open-home.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { taskRef } from "../operate/given.ts";
import { EXIT } from "../output/failure.ts";
import { printJson, printJsonLine } from "../output/json.ts";
import { logText } from "../output/log-line.ts";
import type { Terminal } from "../output/terminal.ts";

interface Options {
  readonly attempt?: string;
  readonly follow?: boolean;
}

const ATTEMPT_MAX = 65_535;
/** How often a followed task is asked whether its attempt has ended, or its next one begun. */
const LOOK_MS = 250;

export const execute: Execute<Options> = async ({ terminal, project, json, args, options }) => {
  const attempt = countOf("--attempt", options.attempt, ATTEMPT_MAX);
  await lookIntoRuns(project, async (home) => {
    const id = await findRun(home.reading, required(args, 0));
    const { taskId, mapIndex } = taskRef(required(args, 1));
    const task = taskId as TaskId;
    const run = await readRun(home.reading, id);
    requireTask(run, task);
    if (mapIndex !== null) return printInstance(home, terminal, run, { task, mapIndex, attempt, json });
    requireNotMapped(run, task);
    if (options.follow === true) return followTask(home, terminal, { id, task, attempt, json });
    const key = { runId: id, taskId: task, mapIndex: UNMAPPED, attempt: attempt ?? standing(run, task).attempt };
    requireAttempt(run, key);
    const lines = await home.stores.logs.read(key);
    if (json)
      return printJson(
        terminal.out,
        lines.map((line) => lineView(key, line)),
      );
    for (const line of lines) terminal.out.line(logText(terminal.out, line));
    if (lines.length === 0) terminal.err.line(`attempt ${key.attempt} of '${task}' has logged nothing`);
  });
  return EXIT.success;
};

/** The log of an instance, in whichever record it lies. */
async function printInstance(
  { reading, stores }: OpenHome,
  terminal: Terminal,
  run: RunReading,
  { task, mapIndex, attempt, json }: Omit<Asked, "id"> & { readonly mapIndex: number },
): Promise<void> {
  const found = await findInstance(reading, run, task, mapIndex);
  if (found.attempt === 0 || (attempt ?? 1) > found.attempt) {
    const text =
      found.attempt === 0
        ? `${task}[${mapIndex}] has not started in this run; \`freshet why ${run.run.runId} '${task}[${mapIndex}]'\` says why`
        : `${task}[${mapIndex}] has no attempt ${attempt}; the latest is ${found.attempt}`;
    throw new FreshetError("ATTEMPT_NOT_FOUND", text);
  }
  const key = { runId: found.run.runId, taskId: task, mapIndex, attempt: attempt ?? found.attempt };
  const lines = await stores.logs.read(key);
  if (json)
    return printJson(
      terminal.out,
      lines.map((line) => lineView({ ...key, runId: run.run.runId }, line)),
    );
  for (const line of lines) terminal.out.line(logText(terminal.out, line));
  if (lines.length === 0) terminal.err.line(`attempt ${key.attempt} of ${task}[${mapIndex}] has logged nothing`);
}

/** A mapped task logs nothing itself. */
function requireNotMapped({ run, version }: RunReading, task: string): void {
  const slot = planOf(version.manifest).slotOf.get(task) ?? 0;
  if (planOf(version.manifest).tasks[slot]?.spec.map === null) return;
  const text = `task '${task}' is mapped: its instances log, such as \`freshet logs ${run.runId} '${task}[0]'\`; \`freshet tasks ${run.runId} ${task}\` lists them`;
  throw new FreshetError("USAGE", text);
}

interface Asked {
  readonly id: RunId;
  readonly task: TaskId;
  /** Undefined: whatever attempts there are until the task ends. */
  readonly attempt: number | undefined;
  readonly json: boolean;
}

async function followTask({ reading, stores }: OpenHome, terminal: Terminal, asked: Asked): Promise<void> {
  const { id, task, json } = asked;
  const print = (key: AttemptKey, line: LogLine): void =>
    json ? printJsonLine(terminal.out, lineView(key, line)) : terminal.out.line(logText(terminal.out, line));
  for (let next = asked.attempt ?? 1; ;) {
    const now = standing(await readRun(reading, id), task);
    if (now.attempt < next) {
      if (now.ended || terminal.closed.aborted) return;
      await delay(LOOK_MS);
      continue;
    }
    const attempt = asked.attempt ?? Math.max(next, now.attempt);
    const key = { runId: id, taskId: task, mapIndex: UNMAPPED, attempt };
    const over = new AbortController();
    const watching = endOf(reading, key, terminal.closed).then(() => over.abort());
    for await (const line of stores.logs.follow(key, over.signal)) print(key, line);
    await watching;
    if (asked.attempt !== undefined || terminal.closed.aborted) return;
    next = attempt + 1;
  }
}

/** Resolves once the attempt has ended. */
async function endOf(reading: OpenHome["reading"], key: AttemptKey, closed: AbortSignal): Promise<void> {
  while (!closed.aborted) {
    const { attempt, over } = standing(await readRun(reading, key.runId), key.taskId);
    if (attempt > key.attempt || over) return;
    await delay(LOOK_MS);
  }
}

/** The task's current attempt; whether that is over, and whether another one can come. */
function standing({ run, version }: RunReading, task: string): { attempt: number; over: boolean; ended: boolean } {
  const slot = planOf(version.manifest).slotOf.get(task) ?? 0;
  const { terminal, inFlight } = TASK_STATE[stateOf(run.tasks, slot)];
  return { attempt: run.tasks.attempts[slot] ?? 0, over: !inFlight, ended: terminal || isRunEnded(run.state) };
}

function requireAttempt(reading: RunReading, { taskId, attempt, runId }: AttemptKey): void {
  const current = standing(reading, taskId).attempt;
  if (current === 0) {
    const text = `task '${taskId}' has not started in this run; \`freshet why ${runId} ${taskId}\` says why`;
    throw new FreshetError("ATTEMPT_NOT_FOUND", text);
  }
  if (attempt <= current) return;
  const there = current === 1 ? "there is only attempt 1" : `there are attempts 1 to ${current}`;
  throw new FreshetError("ATTEMPT_NOT_FOUND", `task '${taskId}' has no attempt ${attempt}; ${there}`);
}

const lineView = ({ runId, taskId, mapIndex, attempt }: AttemptKey, line: LogLine): object => ({
  runId,
  taskId,
  mapIndex: mapIndex === UNMAPPED ? null : mapIndex,
  attempt,
  ...line,
});
