import { readPeriod } from "../../shared/testing/simulation/given.ts";
import { runPeriod } from "../../shared/testing/simulation/run-period.ts";
import { iso, type Instant } from "../../shared/core/time.ts";
import { required, type Execute } from "../command.ts";
import { paramsOf } from "../given.ts";
import { createDagLoader } from "../load/loader.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printProblem } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import type { Channel } from "../output/terminal.ts";
import { placeOf } from "../place.ts";
import { findDag, likelyFiles } from "../run/find-dag.ts";
import { FLAG_OF, simulateOptionsOf, type SimulateFlags } from "../simulate/given.ts";
import { printSimulation } from "../simulate/report.ts";

export const execute: Execute<SimulateFlags> = async ({ terminal, project, cwd, json, args, options: flags }) => {
  const loader = createDagLoader({ ...placeOf({ project, cwd }), dagsDir: project.dagsDir });
  try {
    const dagId = required(args, 0);
    const { options, faults } = simulateOptionsOf(flags, paramsOf(flags.params, cwd));
    const { dag, problems } = await findDag(loader, await likelyFiles(project.dagsDir, dagId), dagId);
    for (const problem of problems) printProblem(terminal.err, problem, sourceLines(cwd));
    const period = readPeriod(dag.manifest, options, (option) => FLAG_OF[option], faults);
    const simulation = await runPeriod(period, progressOn(terminal.err));
    if (terminal.err.isTerminal) terminal.err.write(CLEARED);
    if (json) printJson(terminal.out, simulation);
    else printSimulation(terminal.out, simulation);
    return EXIT.success;
  } finally {
    await loader.close();
  }
};

const CLEARED = "\r\u001b[2K";

/** Long periods take a while: on a terminal a line says how far it is. */
const progressOn =
  (err: Channel) =>
  (now: Instant): void => {
    if (err.isTerminal) err.write(`${CLEARED}${iso(now).slice(0, 10)} ...`);
  };
