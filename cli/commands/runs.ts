import { runView } from "../../shared/app/views.ts";
import type { RunView } from "../../shared/contract/views.ts";
import { RUN_STATES } from "../../shared/core/states.ts";
import type { Instant } from "../../shared/core/time.ts";
import { RUN_PAGE_MAX } from "../../shared/ports/run-store.ts";
import { optional, type Execute } from "../command.ts";
import { choiceOf, countOf } from "../given.ts";
import { requireDag } from "../home/find-run.ts";
import { lookInto } from "../home/reading.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printTable } from "../output/table.ts";
import type { Channel } from "../output/terminal.ts";
import { intervalText, lengthText, runStateText, timeText } from "../output/words.ts";

interface Options {
  readonly state?: string;
  readonly limit?: string;
}

const LIMIT_DEFAULT = 20;

export const execute: Execute<Options> = async ({ terminal, project, json, args, options }) => {
  const state = choiceOf("--state", options.state, RUN_STATES);
  const limit = countOf("--limit", options.limit, RUN_PAGE_MAX) ?? LIMIT_DEFAULT;
  const dag = optional(args, 0);
  await lookInto(project, async (home) => {
    const ofDag = home === undefined || dag === undefined ? {} : { dagId: await requireDag(home.reading, dag) };
    const query = { ...ofDag, ...(state === undefined ? {} : { state }), limit };
    const runs = home === undefined ? [] : (await home.reading.runs.list(query)).runs;
    if (json) return printJson(terminal.out, runs.map(runView));
    if (home === undefined || runs.length === 0) {
      const what = state === undefined ? "nothing has run here yet" : `no run is ${state}`;
      return terminal.err.line(`${what}; \`freshet run <dag>\` runs one`);
    }
    const { reading } = home;
    const listed = runs.map(async (run): Promise<Listed> => {
      const { timezone } = (await reading.versions(run.version)).manifest;
      return { ...runView(run), covers: intervalText(runView(run).dataInterval, timezone) };
    });
    return printRuns(terminal.out, await Promise.all(listed), reading.clock.now());
  });
  return EXIT.success;
};

interface Listed extends RunView {
  readonly covers: string;
}

function printRuns(out: Channel, runs: readonly Listed[], now: Instant): void {
  printTable(
    out,
    [
      { heading: "RUN", cell: (run) => run.runId },
      { heading: "STATE", cell: (run) => runStateText(out, run) },
      { heading: "TYPE", cell: (run) => run.runType },
      { heading: "COVERS", cell: (run) => run.covers },
      { heading: "QUEUED", cell: (run) => timeText(run.queuedAt) },
      { heading: "TOOK", cell: (run) => lengthText(run, now), align: "right" },
    ],
    runs,
  );
}
