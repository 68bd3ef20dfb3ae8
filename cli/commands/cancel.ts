import { cancelRun } from "../../shared/app/cancel-run.ts";
import { runView } from "../../shared/app/views.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import { ping } from "../../shared/embedded/ping.ts";
import { required, type Execute } from "../command.ts";
import { engineBeside, operator } from "../home/beside.ts";
import { findRun } from "../home/find-run.ts";
import { lookIntoRuns } from "../home/reading.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";

interface Options {
  readonly reason?: string;
}

export const execute: Execute<Options> = async ({ terminal, project, env, json, args, options }) => {
  await lookIntoRuns(project, async ({ reading, stores }) => {
    const id = await findRun(reading, required(args, 0));
    const engine = engineBeside(stores);
    await cancelRun(engine, id, operator(env), options.reason ?? "");
    const heard = await ping(project.home.path);
    const run = (await engine.runs.load(id))?.value;
    if (run === undefined) return; // It was there a moment ago, and runs are not deleted.
    if (json) return printJson(terminal.out, runView(run));
    const rest = heard
      ? "the running `freshet dev` ends what is still at work"
      : "what is open ends with the next `freshet dev`";
    terminal.out.line(isRunEnded(run.state) ? `run ${id} is cancelled` : `run ${id} is being cancelled: ${rest}`);
  });
  return EXIT.success;
};
