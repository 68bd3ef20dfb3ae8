import { listDags } from "../../shared/app/views/runs.ts";
import type { DagView } from "../../shared/contract/views.ts";
import { iso } from "../../shared/core/time.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import type { Execute } from "../command.ts";
import { lookInto } from "../home/reading.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printTable } from "../output/table.ts";
import type { Channel } from "../output/terminal.ts";
import { timeText } from "../output/words.ts";

export const execute: Execute<object> = async ({ terminal, project, json }) => {
  const dags = await lookInto(project, async (home) => (home === undefined ? [] : listDags(home.reading)));
  if (json) printJson(terminal.out, dags);
  else if (dags.length === 0) {
    terminal.err.line(
      "no DAG is registered here yet: `freshet dev` takes up those in the folder, `freshet run <dag>` one",
    );
  } else printDags(terminal.out, dags, iso(createClock().now()));
  return EXIT.success;
};

function printDags(out: Channel, dags: readonly DagView[], now: string): void {
  printTable(
    out,
    [
      { heading: "DAG", cell: (dag) => (dag.removed ? out.paint("dim", `${dag.dagId} (removed)`) : dag.dagId) },
      { heading: "STARTS", cell: startsText },
      {
        heading: "NEXT RUN",
        cell: (dag) => (dag.pausedBy === null ? nextText(dag, now) : safeLine(`paused by ${dag.pausedBy}`)),
      },
      { heading: "ACTIVE", cell: (dag) => String(dag.activeRuns), align: "right" },
      { heading: "OWNER", cell: (dag) => safeLine(dag.owner ?? "-") },
      { heading: "DESCRIPTION", cell: (dag) => safeLine(dag.description ?? ""), flexible: true },
    ],
    dags,
  );
  for (const { dagId, pausedBy, pausedAt, pausedReason } of dags) {
    if (pausedBy === null) continue;
    const why = pausedReason === null || pausedReason === "" ? "" : `: ${pausedReason}`;
    out.line(
      safeLine(
        `${dagId} is paused by ${pausedBy} since ${timeText(pausedAt)}${why}; \`freshet resume ${dagId}\` lets it go on`,
      ),
    );
  }
}

/** ISO 8601 instants are in the order of their texts, to the second. */
const nextText = ({ nextRun }: DagView, now: string): string =>
  nextRun !== null && nextRun < now ? `behind since ${timeText(nextRun)}` : timeText(nextRun);

function startsText({ schedule, triggers }: DagView): string {
  const starts = [...(schedule === null ? [] : [schedule]), ...triggers];
  return starts.length === 0 ? "by hand" : safeLine(starts.join(", "));
}
