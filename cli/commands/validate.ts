import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Problem } from "../../shared/core/problem.ts";
import type { RetrySpec } from "../../shared/core/manifest.ts";
import { durationText } from "../../shared/core/time.ts";
import type { Execute, Invocation } from "../command.ts";
import { createDagLoader } from "../load/loader.ts";
import type { LoadedDag, LoadResult } from "../load/result.ts";
import { shownPath } from "../load/fault.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { placeOf } from "../place.ts";
import { printProblem, problemCount } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import { plural } from "../output/words.ts";

/** Retry delays that are printed of one task. */
const DELAYS_SHOWN_MAX = 8;

export const execute: Execute<object> = async ({ terminal, project, cwd, json, args }) => {
  const place = placeOf({ project, cwd });
  const files = filesOf(args);
  const loader = createDagLoader({ ...place, dagsDir: project.dagsDir });
  try {
    const missing = (files ?? []).filter((file) => !existsSync(resolve(cwd, file)));
    const there = files?.filter((file) => !missing.includes(file)).map((file) => resolve(cwd, file));
    const loaded = there?.length === 0 ? NOTHING : await loader.load(there);
    const problems = [...missing.map(missingProblem), ...loaded.problems];
    if (json) printJson(terminal.out, { dags: loaded.dags.map((dag) => dagView(dag, place.cwd)), problems });
    else printReport(terminal, loaded, problems, place.cwd);
    return problems.some(({ level }) => level === "error") ? EXIT.failure : EXIT.success;
  } finally {
    await loader.close();
  }
};

const NOTHING: LoadResult = { dags: [], problems: [], files: [], sources: [], packages: [] };

/** Undefined: all of the folder. */
function filesOf(args: Invocation["args"]): readonly string[] | undefined {
  const [files] = args;
  return typeof files === "string" || files === undefined || files.length === 0 ? undefined : files;
}

const missingProblem = (file: string): Problem => ({
  code: "LOAD009",
  level: "error",
  message: `the file '${file}' does not exist`,
  help: "DAGs are in files named `*.dag.ts`; without files, `freshet validate` checks all of the folder",
});

/** Waits before the second, third … try, without the jitter. */
function retryDelays({ retries, delayMs, backoff, maxDelayMs }: RetrySpec): readonly number[] {
  return Array.from({ length: Math.min(retries, DELAYS_SHOWN_MAX) }, (_, index) =>
    Math.min(delayMs * backoff ** index, maxDelayMs),
  );
}

interface DagReport {
  readonly dagId: string;
  readonly file: string;
  readonly version: string;
  readonly tasks: readonly {
    readonly taskId: string;
    readonly retries: number;
    readonly retryDelaysMs: readonly number[];
  }[];
}

const dagView = ({ manifest, version, file }: LoadedDag, cwd: string): DagReport => ({
  dagId: manifest.dagId,
  file: shownPath(cwd, file),
  version,
  tasks: manifest.tasks.map(({ taskId, retry }) => ({
    taskId,
    retries: retry.retries,
    retryDelaysMs: retryDelays(retry),
  })),
});

function printReport(
  { out, err }: Invocation["terminal"],
  { dags, files }: LoadResult,
  problems: readonly Problem[],
  cwd: string,
): void {
  const line = sourceLines(cwd);
  for (const problem of problems) {
    printProblem(err, problem, line);
    err.line();
  }
  for (const { manifest, file } of dags) {
    out.line(`${out.paint("bold", manifest.dagId)}  ${shownPath(cwd, file)}, ${plural(manifest.tasks.length, "task")}`);
    for (const { taskId, retry } of manifest.tasks) {
      if (retry.retries > 0) out.line(`  ${taskId} is tried again after ${delaysText(retry)}`);
    }
  }
  out.line(`${plural(dags.length, "DAG")} in ${plural(files.length, "file")}: ${problemCount(problems)}`);
}

function delaysText(retry: RetrySpec): string {
  const delays = retryDelays(retry);
  const more = retry.retries > delays.length ? " …" : "";
  const jitter = retry.jitter === "full" ? ", each up to twice that by jitter" : "";
  const budget = retry.budgetMs === null ? "" : `, within ${durationText(retry.budgetMs)}`;
  return `${delays.map((delay) => durationText(delay)).join(", ")}${more}${jitter}${budget}`;
}
