/** Runs tasks in this process, from their source files, so that a debugger finds them where they were written. */
import inspector from "node:inspector";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { TaskError } from "../../shared/core/attempt.ts";
import type { AttemptKey } from "../../shared/core/ids.ts";
import { LOCAL_ENVIRONMENT, type Bundle, type RunnerInput, type RunnerResult } from "../../shared/core/task-host.ts";
import { bundle } from "../../shared/dsl/runtime.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import { openAttemptLog } from "../../shared/embedded/log-store.ts";
import { createHost } from "../../shared/embedded/worker/host.ts";
import { STAGING_BUCKET, type Home } from "../home/paths.ts";
import type { LocalRunner } from "../home/scheduler.ts";
import { recordSources } from "../load/sources.ts";

/** Node's own port for debuggers; if somebody has it, any. */
const PORT = 9_229;

/** Waits for a debugger, unless one is attached or Node was started with `--inspect`. Returns once it may go on. */
export function waitForDebugger(tell: (text: string) => void): void {
  if (inspector.url() !== undefined) return;
  try {
    inspector.open(PORT, "127.0.0.1");
  } catch {
    inspector.open(0, "127.0.0.1");
  }
  tell(
    `waiting for a debugger at ${inspector.url() ?? ""}: attach your editor, or open chrome://inspect (Ctrl-C gives up)`,
  );
  inspector.waitForDebugger();
}

/** One task at a time, and no timeouts: whoever looks at a breakpoint may take as long as they like. */
export function createInspectedRunner(home: Home, file: string): LocalRunner {
  recordSources(); // "freshet" is this Freshet.
  let code: Promise<Bundle<AbortSignal>> | undefined;
  const waiting = new Set<Promise<RunnerResult>>();
  return {
    async run(input, signal) {
      code ??= loadCode(file);
      const result = runHere(home, code, input, signal);
      waiting.add(result);
      return result.finally(() => waiting.delete(result));
    },
    wanted: () => 1,
    async idle() {
      await Promise.allSettled(waiting);
    },
    close: async () => undefined,
  };
}

const loadCode = async (file: string): Promise<Bundle<AbortSignal>> =>
  bundle([(await import(pathToFileURL(file).href)) as object]);

async function runHere(
  home: Home,
  code: Promise<Bundle<AbortSignal>>,
  input: RunnerInput,
  signal: AbortSignal,
): Promise<RunnerResult> {
  const { key } = input.dispatch;
  const log = openAttemptLog(home.path, key);
  const clock = createClock();
  const open = createHost({
    key,
    home: home.path,
    environment: LOCAL_ENVIRONMENT,
    stagingBucket: STAGING_BUCKET,
    signal,
    scratch: join(home.path, "scratch", `inspect-${process.pid}`, scratchName(key)),
    log: (level, message, fields) => log.write(clock.now(), level, message, fields),
  });
  try {
    return await (await code).execute(input, open.host);
  } catch (error) {
    return { kind: "failed", error: faultOf(error) };
  } finally {
    open.close();
  }
}

const scratchName = ({ taskId, attempt }: AttemptKey): string => `${taskId}.${attempt}`;

const faultOf = (error: unknown): TaskError => ({
  name: error instanceof Error ? error.name : "Error",
  message: error instanceof Error ? error.message : String(error),
  class: "permanent",
});
