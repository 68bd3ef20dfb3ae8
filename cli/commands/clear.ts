import { FreshetError } from "../../shared/core/errors.ts";
import { required, type Execute } from "../command.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { actOnRun, type ActOptions } from "../operate/act.ts";
import { tasksOf } from "../operate/given.ts";
import { EXIT } from "../output/failure.ts";

interface Options extends ActOptions {
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly failed?: boolean;
  readonly all?: boolean;
  readonly latest?: boolean;
}

export const execute: Execute<Options> = async (invocation) => {
  const { project, args, options } = invocation;
  const { upstream = false, downstream = false, failed = false, all = false, latest = false } = options;
  const tasks = tasksOf(args, 1);
  if (tasks.length === 0 && !failed && !all) {
    const text = "name tasks to clear, or give --failed (from the point of failure), or --all (every task of the run)";
    throw new FreshetError("USAGE", text);
  }
  if (tasks.length > 0 && all)
    throw new FreshetError("USAGE", "--all is every task of the run: leave out the names, or --all");
  if (failed && all) {
    const text = "--failed is what failed or could not run, --all is every task of the run: give one of them";
    throw new FreshetError("USAGE", text);
  }
  const selection = { tasks, upstream, downstream, onlyFailed: failed };
  await lookIntoRuns(project, async (home) => {
    const run = await findRun(home.reading, required(args, 0));
    await actOnRun(invocation, home, run, { type: "clear", selection }, latest);
  });
  return EXIT.success;
};
