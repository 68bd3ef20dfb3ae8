import { required, type Execute } from "../command.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { actOnRun, type ActOptions } from "../operate/act.ts";
import { choiceOf } from "../given.ts";
import { tasksOf } from "../operate/given.ts";
import { EXIT } from "../output/failure.ts";

interface Options extends ActOptions {
  readonly upstream?: boolean;
  readonly downstream?: boolean;
}

export const execute: Execute<Options> = async (invocation) => {
  const { project, args, options } = invocation;
  const to = choiceOf("the state", required(args, 0), ["success", "failed"] as const) ?? "success";
  const { upstream = false, downstream = false } = options;
  const selection = { tasks: tasksOf(args, 2), upstream, downstream, onlyFailed: false };
  await lookIntoRuns(project, async (home) => {
    await actOnRun(invocation, home, await findRun(home.reading, required(args, 1)), { type: "mark", to, selection });
  });
  return EXIT.success;
};
