import { changeBackfill, findBackfill } from "../../shared/app/backfill.ts";
import { backfillView } from "../../shared/app/views/backfill.ts";
import type { BackfillView } from "../../shared/contract/views.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import { optional, type Execute } from "../command.ts";
import { reasonOf } from "../given.ts";
import { operator } from "../home/beside.ts";
import { withHome } from "../home/reading.ts";
import { safeLine } from "../output/escape.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { heldText } from "../output/operation.ts";
import { printTable } from "../output/table.ts";
import type { Channel, Terminal } from "../output/terminal.ts";
import { agoText, plural, timeText } from "../output/words.ts";
import type { Instant } from "../../shared/core/time.ts";

interface Options {
  readonly pause?: boolean;
  readonly resume?: boolean;
  readonly cancel?: boolean;
  readonly reason?: string;
}

const ACTIONS = ["pause", "resume", "cancel"] as const;
/** Backfills listed. */
const LISTED_MAX = 50;
/** Skipped dates shown one by one. */
const SKIPPED_SHOWN = 20;

export const execute: Execute<Options> = async ({ terminal, project, env, json, args, options }) => {
  const id = optional(args, 0);
  const actions = ACTIONS.filter((action) => options[action] === true);
  const [action, another] = actions;
  if (another !== undefined)
    throw new FreshetError("USAGE", `--${String(action)} and --${another} were both given; one of them is meant`);
  if (action !== undefined && id === undefined)
    throw new FreshetError("USAGE", `--${action} needs to know which backfill: \`freshet backfills <id> --${action}\``);
  await withHome(project, async ({ engine, heardBy }) => {
    if (id === undefined) {
      const all = await engine.backfills.list({ limit: LISTED_MAX });
      const views = await Promise.all(all.map(async (backfill) => backfillView(engine, backfill)));
      if (json) printJson(terminal.out, views);
      else printAll(terminal, views, engine.clock.now());
      return;
    }
    if (action !== undefined) {
      const signed = { type: action, by: operator(env), reason: reasonOf(options.reason) };
      const { backfillId } = await changeBackfill(engine, id, signed);
      await heardBy({ kind: "backfill", id: backfillId });
    }
    const view = await backfillView(engine, (await findBackfill(engine, id)).value);
    if (json) printJson(terminal.out, view);
    else printOne(terminal.out, view, engine.clock.now());
  });
  return EXIT.success;
};

const doneText = ({ success, failed, cancelled, count, skippedCount }: BackfillView): string =>
  `${success + failed + cancelled + skippedCount} of ${count}`;
const endText = ({ estimatedEnd, endedAt }: BackfillView, now: Instant): string =>
  endedAt !== null ? timeText(endedAt) : estimatedEnd === null ? "-" : `about ${agoText(estimatedEnd, now)}`;

function printAll({ out, err }: Terminal, views: readonly BackfillView[], now: Instant): void {
  if (views.length === 0)
    return err.line("there is no backfill; `freshet backfill <dag> --from <date> --to <date>` starts one");
  printTable<BackfillView>(
    out,
    [
      { heading: "BACKFILL", cell: (row) => row.backfillId },
      { heading: "STATE", cell: (row) => (row.dagPaused === null ? row.state : `${row.state}, its DAG is paused`) },
      { heading: "DONE", cell: doneText, align: "right" },
      { heading: "FAILED", cell: (row) => String(row.failed), align: "right" },
      { heading: "ENDS", cell: (row) => endText(row, now) },
      { heading: "BY", cell: (row) => safeLine(row.by) },
    ],
    views,
  );
}

function printOne(out: Channel, view: BackfillView, now: Instant): void {
  const field = (label: string, text: string): void => out.line(`  ${out.paint("dim", label.padEnd(8))} ${text}`);
  out.line(`${out.paint("bold", `backfill ${view.backfillId}`)}  ${view.state}`);
  field(
    "done",
    `${doneText(view)}: ${view.success} succeeded, ${view.failed} failed, ${view.cancelled} cancelled, ${view.skippedCount} left out`,
  );
  field("now", `${view.running} at work, ${view.left} to come`);
  if (view.dagPaused !== null) field("held", heldText(view.dagId, view.dagPaused.by));
  if (view.pool !== null) field("pool", view.pool);
  field("ends", endText(view, now));
  field("started", `${agoText(view.createdAt, now)}, by ${safeLine(view.by)}`);
  if (view.stopped !== null) {
    const { by, reason, at } = view.stopped;
    field("stopped", `${agoText(at, now)}, by ${safeLine(by)}${reason === "" ? "" : `: ${safeLine(reason)}`}`);
  }
  for (const { logicalDate, reason } of view.skipped.slice(0, SKIPPED_SHOWN))
    field("left out", `${timeText(logicalDate)}  ${reason}`);
  if (view.skippedCount > SKIPPED_SHOWN)
    field("", `and ${plural(view.skippedCount - SKIPPED_SHOWN, "date")} more; --json has them`);
}
