/** A DAG explained, for a person. */
import type { DagWhyView } from "../../shared/contract/views.ts";
import type { Instant } from "../../shared/core/time.ts";
import { safeLine } from "./escape.ts";
import type { Channel } from "./terminal.ts";
import { agoText, timeText } from "./words.ts";

const LABEL_WIDTH = 9;

export function printWhyDag(out: Channel, dag: DagWhyView, now: Instant): void {
  const field = (label: string, text: string): void =>
    out.line(`  ${out.paint("dim", label.padEnd(LABEL_WIDTH))} ${safeLine(text)}`);
  const { dagId, standing, why, schedule, triggers, nextRun, active, missing, backfills, acts } = dag;
  const colour = standing === "waiting" ? "green" : standing === "behind" ? "yellow" : "red";
  out.line(`${out.paint("bold", `dag ${dagId}`)}  ${out.paint(colour, standing)}`);
  for (const [index, text] of why.entries()) field(index === 0 ? "why" : "", text);
  field("starts", [...(schedule === null ? [] : [schedule]), ...triggers].join(", ") || "by hand");
  if (nextRun !== null) field("next", `${timeText(nextRun)}, ${agoText(nextRun, now)}`);
  if (active.length > 0) field("active", active.join(", "));
  if (backfills.length > 0) field("backfill", backfills.join(", "));
  for (const [index, { logicalDate, due }] of missing.entries())
    field(index === 0 ? "missing" : "", `${timeText(logicalDate)}, was due ${timeText(due)}`);
  for (const act of acts) {
    const reason = act.reason === "" ? "" : `: ${act.reason}`;
    field("by hand", `${agoText(act.at, now)}, ${act.by}: ${act.action}${reason}`);
  }
  if (dag.owner !== null) field("owner", dag.owner);
  const next = nextCommands(dag);
  if (next.length === 0) return;
  const width = Math.max(...next.map(([command]) => command.length));
  out.line();
  out.line(out.paint("bold", "next"));
  for (const [command, what] of next) out.line(`  ${command.padEnd(width)}  ${out.paint("dim", what)}`);
}

function nextCommands(dag: DagWhyView): readonly (readonly [command: string, what: string])[] {
  const { dagId, paused, removed, active, missing, backfills, schedule, standing } = dag;
  const [run] = active;
  const [backfill] = backfills;
  return [
    ...(paused && !removed ? [[`freshet resume ${dagId}`, "let it go on"] as const] : []),
    ...(run === undefined ? [] : [[`freshet why ${run}`, "the run that holds a place"] as const]),
    ...(backfill === undefined ? [] : [[`freshet backfills ${backfill}`, "how far it is"] as const]),
    ...(missing.length === 0
      ? []
      : [[`freshet backfill ${dagId} --only-missed`, "make up for what was passed over"] as const]),
    ...(removed ? [] : [[`freshet runs ${dagId}`, "its latest runs"] as const]),
    ...(schedule === null || removed || standing !== "waiting"
      ? []
      : [[`freshet schedule ${dagId}`, "what its schedule does next"] as const]),
  ];
}
