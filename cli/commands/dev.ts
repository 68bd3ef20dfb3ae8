import { existsSync } from "node:fs";
import { FreshetError } from "../../shared/core/errors.ts";
import type { Engine } from "../../shared/app/engine.ts";
import { DATA_WINDOW_MS_MIN } from "../../shared/core/manifest.ts";
import { parseDuration } from "../../shared/core/time.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import type { Execute, Invocation } from "../command.ts";
import { createTell } from "../dev/events.ts";
import { createNarrator } from "../dev/narrator.ts";
import { serve, type DevOptions } from "../dev/serve.ts";
import { countOf } from "../given.ts";
import { crashPointFrom } from "../home/crash.ts";
import { keepOf } from "../home/retention.ts";
import { startScheduler } from "../home/scheduler.ts";
import { pathText } from "../output/words.ts";
import { sourceLines } from "../output/source-line.ts";
import { taskEnvironment } from "../run/given-run.ts";
import { catchInterrupts } from "../run/interrupts.ts";

const WORKERS_MAX = 64;
/** A newcomer need not wait a minute to see that a file starts a run. */
const WINDOW_MS_DEFAULT = 2_000;

export const execute: Execute<DevOptions> = async (invocation) => {
  const { terminal, project, cwd, env, json, options } = invocation;
  requireDags(invocation);
  const workers = countOf("--workers", options.workers, WORKERS_MAX);
  const windowMs = windowOf(options.window);
  const keepMs = keepOf(options.keep);
  const dataWindowMs = dataWindowOf(options.dataWindow);
  const tell = createTell(terminal, json, createClock(), () => sourceLines(cwd));
  const interrupts = catchInterrupts();
  const firstStart = !existsSync(project.home.stateFile) && !existsSync(project.home.buckets);
  const ready = Promise.withResolvers<Engine>();
  const narrator = createNarrator(ready.promise, tell);
  try {
    const scheduler = await startScheduler({
      project,
      env: taskEnvironment(env),
      crashPoint: crashPointFrom(env["FRESHET_CRASH_AT"]),
      onFact: (fact) => narrator.onFact(fact),
      onFault: ({ id, code, message }) => tell({ type: "fault", id, code, message }),
      onAttempt: (key, result) => narrator.onAttempt(key, result),
      serve: true,
      ...(workers === undefined ? {} : { workers }),
      ...(dataWindowMs === undefined ? {} : { dataWindowMs }),
    });
    ready.resolve(scheduler.engine);
    const given = { windowMs, dataWindowMs, keepMs };
    return await serve({ invocation, scheduler, narrator, tell, interrupts, ...given, firstStart });
  } finally {
    interrupts.release();
  }
};

/** Whatever is wrong with the folder is told before a home comes into being. */
function requireDags({ project, cwd }: Pick<Invocation, "project" | "cwd">): void {
  if (existsSync(project.dagsDir)) return;
  const text = `there is no folder of DAGs at '${pathText(cwd, project.dagsDir)}'`;
  throw new FreshetError(
    "LOAD_FAILED",
    `${text}; DAGs are in files named \`*.dag.ts\`, and --dags names another folder`,
  );
}

function windowOf(text: string | undefined): number | undefined {
  if (text === undefined) return WINDOW_MS_DEFAULT;
  if (text === "as-written") return undefined;
  const windowMs = parseDuration(text);
  if (windowMs !== undefined) return windowMs;
  throw new FreshetError("USAGE", `--window is '${text}'; expected a duration such as 2s, or as-written`);
}

function dataWindowOf(text: string | undefined): number | undefined {
  const windowMs = text === undefined ? undefined : parseDuration(text);
  if (text === undefined || (windowMs !== undefined && windowMs >= DATA_WINDOW_MS_MIN)) return windowMs;
  throw new FreshetError("USAGE", `--data-window is '${text}'; expected a duration of at least 1h, such as 7d`);
}
