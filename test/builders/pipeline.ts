/** Runs a pipeline's own functions on real buckets in a temporary folder, task after task, without the engine around them. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ArrivedObject } from "../../shared/core/attempt.ts";
import { runId, type TaskId } from "../../shared/core/ids.ts";
import type { JsonValue } from "../../shared/core/json.ts";
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import { LOCAL_ENVIRONMENT, type RunnerInput, type RunnerResult } from "../../shared/core/task-host.ts";
import { compileModule } from "../../shared/dsl/compile.ts";
import { bundle } from "../../shared/dsl/runtime.ts";
import { createObjectStore, type FolderObjectStore } from "../../shared/embedded/files/object-store.ts";
import { aDispatch, anArrivedObject, anAttemptKey, aRunContext } from "./attempt.ts";
import { aFolder } from "./folder.ts";

const STAGING_BUCKET = "staging";

export interface PipelineStart {
  /** Keys of the objects that start the run. */
  readonly keys?: readonly string[];
  /** When they arrived; default 2026-03-02. */
  readonly arrivedAt?: string;
  /** What the run covers, in ISO 8601. */
  readonly interval?: readonly [start: string, end: string];
  /** Changes the output of a task on its way to the tasks after it. */
  readonly tamper?: (taskId: string, output: JsonValue) => JsonValue | Promise<JsonValue>;
}

export interface PipelineRun {
  readonly runId: string;
  /** How each task ended, with the reason if there is one: `success`, `skipped: no files`, `quarantine: …`, `upstream_failed`. */
  readonly tasks: Readonly<Record<string, string>>;
  /** Of all tasks and hooks, as `level message`. */
  readonly log: readonly string[];
}

export interface PipelinePlace {
  readonly objects: FolderObjectStore;
  /** Puts an object into the bucket of the pipeline. */
  put(key: string, content: string | Uint8Array): Promise<void>;
  text(key: string): Promise<string | undefined>;
  /** All keys of the bucket. */
  keys(prefix?: string): Promise<readonly string[]>;
  /** The path of a file with the object's content. */
  file(key: string): Promise<string>;
  /** `exports`: the namespace of the pipeline's file. */
  run(exports: object, start: PipelineStart): Promise<PipelineRun>;
  close(): Promise<void>;
}

/** `bucket`: the one that the pipelines read and write. */
export async function aPipelinePlace(bucket: string): Promise<PipelinePlace> {
  const folder = await aFolder();
  const scratch = join(folder.path, "scratch");
  await mkdir(scratch);
  const objects = createObjectStore({ root: join(folder.path, "buckets") });
  let runs = 0;

  return {
    objects,
    put: async (key, content) => {
      await objects.put(bucket, key, typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
    text: async (key) => {
      const object = await objects.get(bucket, key);
      return object === undefined ? undefined : new TextDecoder().decode(object.body);
    },
    keys: async (prefix = "") => (await objects.list(bucket, prefix)).map(({ key }) => key),
    file: async (key) => (await objects.download(bucket, key, scratch)) ?? "",
    run: async (
      exports,
      { keys = [], arrivedAt = "2026-03-02T12:00:00Z", interval, tamper = (_, output) => output },
    ) => {
      const manifest = manifestOf(exports);
      const files = keys.map((key) => anArrivedObject({ bucket, key, arrivedAt }));
      const id = `${manifest.dagId}.run-${++runs}`;
      return runTasks({ id, exports, manifest, objects, scratch, files, interval, tamper });
    },
    close: async () => {
      objects.close();
      await folder.remove();
    },
  };
}

function manifestOf(exports: object): Manifest {
  const { manifests, problems } = compileModule({ file: "pipeline.dag.ts", exports });
  if (manifests[0] === undefined || problems.length > 0) throw new Error(JSON.stringify(problems));
  return manifests[0];
}

interface RunParts {
  readonly id: string;
  readonly exports: object;
  readonly manifest: Manifest;
  readonly objects: FolderObjectStore;
  readonly scratch: string;
  readonly files: readonly ArrivedObject[];
  readonly interval: PipelineStart["interval"] | undefined;
  readonly tamper: NonNullable<PipelineStart["tamper"]>;
}

async function runTasks(run: RunParts): Promise<PipelineRun> {
  const log: string[] = [];
  const tasks: Record<string, string> = {};
  const outputs: Record<string, JsonValue> = {};
  for (const spec of run.manifest.tasks) {
    const held = heldBack(spec, tasks);
    if (held !== undefined) {
      tasks[spec.taskId] = held;
      continue;
    }
    const result = await execute(run, inputOf(run, spec.taskId, outputs), log);
    tasks[spec.taskId] = endOf(result);
    if (result.kind === "success" && result.output !== undefined) {
      outputs[spec.taskId] = await run.tamper(spec.taskId, result.output);
    }
  }
  const failed = Object.entries(tasks).filter(([, end]) => !/^(success|skipped)/.test(end));
  if (failed.length > 0) await runOnFailure(run, failed, log);
  return { runId: run.id, tasks, log };
}

/** `all_success`, the rule of every task of the examples. */
function heldBack({ upstream }: TaskSpec, tasks: Readonly<Record<string, string>>): string | undefined {
  const ends = upstream.map(({ taskId }) => tasks[taskId] ?? "");
  if (ends.every((end) => end === "success")) return undefined;
  return ends.every((end) => /^(success|skipped)/.test(end)) ? "skipped" : "upstream_failed";
}

function endOf(result: RunnerResult): string {
  if (result.kind === "skipped") return `skipped: ${result.reason}`;
  return result.kind === "success" ? "success" : `${result.error.class}: ${result.error.message}`;
}

function inputOf(run: RunParts, task: TaskId, outputs: Readonly<Record<string, JsonValue>>): RunnerInput {
  const { timezone, dagId } = run.manifest;
  const [start, end] = run.interval ?? [];
  const dataInterval = start === undefined || end === undefined ? null : { start, end };
  const id = runId(run.id);
  return {
    dispatch: aDispatch({
      key: anAttemptKey({ runId: id, taskId: task }),
      run: aRunContext({ runId: id, dagId, timezone, dataInterval, logicalDate: dataInterval?.start ?? null }),
    }),
    outputs,
    files: run.files,
  };
}

async function execute(run: RunParts, input: RunnerInput, log: string[]): Promise<RunnerResult> {
  return bundle([run.exports]).execute(input, {
    signal: new AbortController().signal,
    scratch: run.scratch,
    staging: { bucket: STAGING_BUCKET, prefix: `${run.id}/${input.dispatch.key.taskId}/1/` },
    objects: run.objects,
    environment: LOCAL_ENVIRONMENT,
    log: (level, message) => void log.push(`${level} ${message}`),
    now: () => 0,
  });
}

async function runOnFailure(run: RunParts, ends: readonly [string, string][], log: string[]): Promise<void> {
  if (!run.manifest.hooks.onFailure) return;
  const failed = ends.map(([id, cause]) => ({ taskId: id as TaskId, cause }));
  const { dispatch, ...input } = inputOf(run, "$onFailure" as TaskId, {});
  const { owner, runbook } = run.manifest;
  const subject = { hook: "onFailure", taskId: null, attempt: 1, owner, runbook, failed } as const;
  const result = await execute(run, { ...input, dispatch: { ...dispatch, subject } }, log);
  if (result.kind === "failed") throw new Error(`onFailure failed: ${result.error.message}`);
}
