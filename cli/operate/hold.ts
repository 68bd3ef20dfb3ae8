/** Pausing and resuming, of a DAG, a run, or tasks of a run. */
import { FreshetError } from "../../shared/core/errors.ts";
import { required, type Execute } from "../command.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { EXIT } from "../output/failure.ts";
import { actOnDag, actOnRun, type ActOptions } from "./act.ts";
import { targetOf, tasksOf } from "./given.ts";

export const holding =
  (type: "pause" | "resume"): Execute<ActOptions> =>
  async (invocation) => {
    const { project, args } = invocation;
    const tasks = tasksOf(args, 1);
    await lookIntoRuns(project, async (home) => {
      const target = await targetOf(home.reading, required(args, 0));
      if (target.kind === "run") return actOnRun(invocation, home, target.id, { type, tasks });
      if (tasks.length === 0) return actOnDag(invocation, home, target.id, { type });
      const text = `'${target.id}' is a DAG, and tasks are ${type}d in one run: \`freshet ${type} latest:${target.id} ${tasks[0]?.taskId ?? ""}\``;
      throw new FreshetError("USAGE", text);
    });
    return EXIT.success;
  };
