import { setTimeout as delay } from "node:timers/promises";
import { findInstance } from "../../shared/app/views/instances.ts";
import { readRun, requireTask, type RunReading } from "../../shared/app/views/runs.ts";
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
    const asked = { id, task: taskId as TaskId, mapIndex, attempt, json };
    const run = await readRun(home.reading, id);
    requireTask(run, asked.task);
    if (mapIndex === null) requireNotMapped(run, taskId);
    return options.follow === true ? follow(home, terminal, asked) : print(home, terminal, asked);
  });
  return EXIT.success;
};

interface Asked {
  readonly id: RunId;
  readonly task: TaskId;
  /** null: the task is not mapped. */
  readonly mapIndex: number | null;
  /** Undefined: the latest, or when it is followed, whatever attempts there are until the task ends. */
  readonly attempt: number | undefined;
  readonly json: boolean;
}

async function print({ reading, stores }: OpenHome, terminal: Terminal, asked: Asked): Promise<void> {
  const now = await standing(reading, asked);
  requireAttempt(asked, now);
  const key = keyOf(asked, now, asked.attempt ?? now.attempt);
  const lines = await stores.logs.read(key);
  if (asked.json)
    return printJson(
      terminal.out,
      lines.map((line) => lineView(asked, key, line)),
    );
  for (const line of lines) terminal.out.line(logText(terminal.out, line));
  if (lines.length === 0) terminal.err.line(`attempt ${key.attempt} of ${nameOf(asked)} has logged nothing`);
}

/** A mapped task logs nothing itself. */
function requireNotMapped({ run, version }: RunReading, task: string): void {
  const slot = planOf(version.manifest).slotOf.get(task) ?? 0;
  if (planOf(version.manifest).tasks[slot]?.spec.map === null) return;
  const text = `task '${task}' is mapped: its instances log, such as \`freshet logs ${run.runId} '${task}[0]'\`; \`freshet tasks ${run.runId} ${task}\` lists them`;
  throw new FreshetError("USAGE", text);
}

async function follow({ reading, stores }: OpenHome, terminal: Terminal, asked: Asked): Promise<void> {
  const show = (key: AttemptKey, line: LogLine): void =>
    asked.json
      ? printJsonLine(terminal.out, lineView(asked, key, line))
      : terminal.out.line(logText(terminal.out, line));
  let shown = 0;
  for (let next = asked.attempt ?? 1; ;) {
    const now = await standing(reading, asked);
    if (now.attempt < next) {
      if (now.ended && shown === 0) requireAttempt(asked, now); // It will never come.
      if (now.ended || terminal.closed.aborted) return;
      await delay(LOOK_MS);
      continue;
    }
    const key = keyOf(asked, now, asked.attempt ?? Math.max(next, now.attempt));
    const over = new AbortController();
    const watching = endOf(reading, asked, key.attempt, terminal.closed).then(() => over.abort());
    for await (const line of stores.logs.follow(key, over.signal)) show(key, line);
    await watching;
    if (asked.attempt !== undefined || terminal.closed.aborted) return;
    next = key.attempt + 1;
    shown++;
  }
}

/** Resolves once the attempt has ended. */
async function endOf(reading: OpenHome["reading"], asked: Asked, attempt: number, closed: AbortSignal): Promise<void> {
  while (!closed.aborted) {
    const now = await standing(reading, asked);
    if (now.attempt > attempt || now.over) return;
    await delay(LOOK_MS);
  }
}

interface Standing {
  /** The record that has the row: the run, or a chunk of it. */
  readonly runId: RunId;
  /** The current attempt; 0: none has started. */
  readonly attempt: number;
  readonly over: boolean;
  /** No other attempt comes, unless somebody clears it. */
  readonly ended: boolean;
}

async function standing(reading: OpenHome["reading"], { id, task, mapIndex }: Asked): Promise<Standing> {
  const read = await readRun(reading, id);
  const slot = planOf(read.version.manifest).slotOf.get(task) ?? 0;
  const row = mapIndex === null ? { run: read.run, slot } : await findInstance(reading, read, task, mapIndex);
  const { terminal, inFlight } = TASK_STATE[stateOf(row.run.tasks, row.slot)];
  return {
    runId: row.run.runId,
    attempt: row.run.tasks.attempts[row.slot] ?? 0,
    over: !inFlight,
    ended: terminal || isRunEnded(read.run.state),
  };
}

function requireAttempt(asked: Asked, { attempt: current }: Standing): void {
  const name = nameOf(asked);
  if (current === 0) {
    const typed = asked.mapIndex === null ? asked.task : `'${asked.task}[${asked.mapIndex}]'`;
    const text = `${name} has not started in this run; \`freshet why ${asked.id} ${typed}\` says why`;
    throw new FreshetError("ATTEMPT_NOT_FOUND", text);
  }
  if ((asked.attempt ?? current) <= current) return;
  const there = current === 1 ? "there is only attempt 1" : `there are attempts 1 to ${current}`;
  throw new FreshetError("ATTEMPT_NOT_FOUND", `${name} has no attempt ${asked.attempt}; ${there}`);
}

const nameOf = ({ task, mapIndex }: Asked): string =>
  mapIndex === null ? `task '${task}'` : `task '${task}[${mapIndex}]'`;

const keyOf = ({ task, mapIndex }: Asked, { runId }: Standing, attempt: number): AttemptKey => ({
  runId,
  taskId: task,
  mapIndex: mapIndex ?? UNMAPPED,
  attempt,
});

/** A chunk is nobody's business: what is printed names the run. */
const lineView = ({ id, mapIndex }: Asked, { taskId, attempt }: AttemptKey, line: LogLine): object => ({
  runId: id,
  taskId,
  mapIndex,
  attempt,
  ...line,
});
