import { runView, taskViews } from "../../shared/app/views/runs.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import type { Execute } from "../command.ts";
import { createRunLines, type RunLines } from "../follow/run-lines.ts";
import { paramsOf } from "../given.ts";
import { createDagLoader } from "../load/loader.ts";
import { EXIT, type ExitCode } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { placeOf } from "../place.ts";
import { checkCovers } from "../run/covers.ts";
import type { RunInvocation, RunOptions } from "../run/given-run.ts";
import type { Ended } from "../run/here.ts";
import { catchInterrupts } from "../run/interrupts.ts";

export const execute: Execute<RunOptions> = async (invocation) => {
  const { terminal, json, options } = invocation;
  if (options.task !== undefined || options.fromRun !== undefined) {
    const { runAgain } = await import("../run/again.ts");
    return runAgain(invocation);
  }
  checkCovers(options);
  paramsOf(options.params, invocation.cwd);
  const loader = createDagLoader({ ...placeOf(invocation), dagsDir: invocation.project.dagsDir });
  const interrupts = catchInterrupts();
  const lines = json ? undefined : createRunLines(terminal.out, { clock: createClock(), logs: options.logs });
  try {
    const { runAnywhere } = await import("../run/anywhere.ts"); // The loader's process starts meanwhile.
    return tellEnd(invocation, lines, await runAnywhere({ invocation, lines, interrupts }, loader));
  } finally {
    await loader.close();
    lines?.close();
    interrupts.release();
  }
};

function tellEnd({ terminal }: RunInvocation, lines: RunLines | undefined, { run, interrupted }: Ended): ExitCode {
  const ended = isRunEnded(run.run.state);
  if (lines === undefined) printJson(terminal.out, { ...runView(run.run), tasks: taskViews(run) });
  else if (ended) lines.ended(run);
  else
    lines.note(`run ${run.run.runId} is left as it is: ${run.run.state}; \`freshet cancel ${run.run.runId}\` ends it`);
  if (interrupted) return EXIT.interrupted;
  return run.run.state === "success" ? EXIT.success : EXIT.failure;
}
