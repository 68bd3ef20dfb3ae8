import { runView } from "../../shared/app/views/runs.ts";
import type { MissingView, RunView } from "../../shared/contract/views.ts";
import { lateRuns } from "../../shared/app/views/late-runs.ts";
import { missingRuns } from "../../shared/app/views/missing.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import type { DagId } from "../../shared/core/ids.ts";
import type { Run } from "../../shared/core/run.ts";
import { RUN_STATES } from "../../shared/core/states.ts";
import type { Instant } from "../../shared/core/time.ts";
import { RUN_PAGE_MAX, type RunQuery } from "../../shared/ports/run-store.ts";
import { optional, type Execute } from "../command.ts";
import { choiceOf, countOf } from "../given.ts";
import { requireDag } from "../home/find-run.ts";
import type { OpenHome } from "../home/open-home.ts";
import { lookInto } from "../home/reading.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printTable } from "../output/table.ts";
import type { Channel, Terminal } from "../output/terminal.ts";
import { intervalText, lateText, lengthText, runStateText, timeText } from "../output/words.ts";

interface Options {
  readonly state?: string;
  readonly limit?: string;
  readonly missing?: boolean;
  readonly late?: boolean;
}

const LIMIT_DEFAULT = 20;

export const execute: Execute<Options> = async ({ terminal, project, json, args, options }) => {
  const state = choiceOf("--state", options.state, RUN_STATES);
  const limit = countOf("--limit", options.limit, RUN_PAGE_MAX) ?? LIMIT_DEFAULT;
  if (options.missing === true && state !== undefined)
    throw new FreshetError(
      "USAGE",
      "--missing lists dates that have no run, so there is no --state; leave out one of them",
    );
  if (options.missing === true && options.late === true)
    throw new FreshetError("USAGE", "--missing lists dates that have no run, and --late runs; leave out one of them");
  const dag = optional(args, 0);
  await lookInto(project, async (home) => {
    const ofDag: { readonly dagId?: DagId } =
      home === undefined || dag === undefined ? {} : { dagId: await requireDag(home.reading, dag) };
    if (options.missing === true) return tellMissing(terminal, home, ofDag.dagId, { limit, json });
    const query = { ...ofDag, ...(state === undefined ? {} : { state }), limit };
    const runs = home === undefined ? [] : await listed(home, query, options.late === true);
    if (json) return printJson(terminal.out, runs.map(runView));
    if (home === undefined || runs.length === 0) {
      if (options.late === true)
        return terminal.err.line(`no run ${state === undefined ? "" : `that is ${state} `}is late`);
      const what = state === undefined ? "nothing has run here yet" : `no run is ${state}`;
      return terminal.err.line(`${what}; \`freshet run <dag>\` runs one`);
    }
    const { reading } = home;
    const rows = runs.map(async (run): Promise<Listed> => {
      const { timezone } = (await reading.versions(run.version)).manifest;
      const view = runView(run);
      return { ...view, covers: `${intervalText(view.dataInterval, timezone)}${view.partial ? " (partial)" : ""}` };
    });
    return printRuns(terminal.out, await Promise.all(rows), reading.clock.now());
  });
  return EXIT.success;
};

const listed = async ({ reading }: OpenHome, query: RunQuery, late: boolean): Promise<readonly Run[]> =>
  late ? lateRuns(reading.runs, query, reading.clock.now()) : (await reading.runs.list(query)).runs;

async function tellMissing(
  { out, err }: Terminal,
  home: OpenHome | undefined,
  dagId: DagId | undefined,
  { limit, json }: { readonly limit: number; readonly json: boolean },
): Promise<void> {
  const missing = home === undefined ? [] : await missingRuns(home.reading, limit, dagId);
  if (json) return printJson(out, missing);
  if (missing.length === 0) return err.line("every date that was due has had its run, or waits for it");
  printTable(
    out,
    [
      { heading: "DAG", cell: (row) => row.dagId },
      { heading: "LOGICAL DATE", cell: (row) => timeText(row.logicalDate) },
      {
        heading: "COVERS",
        cell: ({ dataInterval }) => `${timeText(dataInterval.start)} to ${timeText(dataInterval.end)}`,
      },
      { heading: "WAS DUE", cell: (row) => timeText(row.due) },
      ...(missing.some(({ reason }) => reason !== null)
        ? [{ heading: "WHY", cell: ({ reason }: MissingView) => reason ?? "" }]
        : []),
    ],
    missing,
  );
  const dag = missing[0]?.dagId ?? "";
  err.line(`\`freshet backfill ${dag} --only-missed\` makes up for them; --from and --to bound it`);
}

interface Listed extends RunView {
  readonly covers: string;
}

function printRuns(out: Channel, runs: readonly Listed[], now: Instant): void {
  printTable(
    out,
    [
      { heading: "RUN", cell: (run) => run.runId },
      {
        heading: "STATE",
        cell: (run) => {
          const late = lateText(run, now);
          const paused = run.paused === null ? "" : `, paused by ${safeLine(run.paused.by)}`;
          return `${runStateText(out, run)}${late === "" ? "" : `, ${out.paint("red", late)}`}${paused}`;
        },
      },
      { heading: "TYPE", cell: (run) => run.runType },
      { heading: "COVERS", cell: (run) => run.covers },
      { heading: "QUEUED", cell: (run) => timeText(run.queuedAt) },
      { heading: "TOOK", cell: (run) => lengthText(run, now), align: "right" },
      // Only where there is one: most people have none.
      ...(runs.some(({ parent }) => parent !== null)
        ? [{ heading: "STARTED BY", cell: ({ parent }: Listed) => (parent === null ? "" : parent.runId) }]
        : []),
    ],
    runs,
  );
}
