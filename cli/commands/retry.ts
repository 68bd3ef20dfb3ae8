import { required, type Execute } from "../command.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { actOnRun, type ActOptions } from "../operate/act.ts";
import { tasksOf } from "../operate/given.ts";
import { EXIT } from "../output/failure.ts";

export const execute: Execute<ActOptions> = async (invocation) => {
  const { project, args } = invocation;
  const selection = { tasks: tasksOf(args, 1), upstream: false, downstream: false, onlyFailed: false };
  await lookIntoRuns(project, async (home) => {
    await actOnRun(invocation, home, await findRun(home.reading, required(args, 0)), { type: "retry_now", selection });
  });
  return EXIT.success;
};
