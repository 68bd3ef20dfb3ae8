import { backfillRows, planBackfill, putBackfill, type PlannedBackfill } from "../../shared/app/backfill.ts";
import { backfillView } from "../../shared/app/views/backfill.ts";
import type { BackfillRow } from "../../shared/contract/views.ts";
import {
  BACKFILL_ASKED_ABOVE,
  BACKFILL_ORDERS,
  BACKFILL_PARALLEL_MAX,
  REPROCESS,
} from "../../shared/core/backfill/record.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import { required, type Execute } from "../command.ts";
import { choiceOf, countOf, paramsOf } from "../given.ts";
import { operator } from "../home/beside.ts";
import { requireDag } from "../home/find-run.ts";
import { withHome } from "../home/reading.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { heldText } from "../output/operation.ts";
import { printTable } from "../output/table.ts";
import type { Channel, Terminal } from "../output/terminal.ts";
import { plural, timeText } from "../output/words.ts";

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly tasks?: string;
  readonly reprocess?: string;
  readonly onlyMissed?: boolean;
  readonly order?: string;
  readonly parallel?: string;
  readonly pool?: string;
  readonly latest?: boolean;
  readonly ignoreDependsOnPast?: boolean;
  readonly params?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const execute: Execute<Options> = async ({ terminal, project, cwd, env, json, args, options }) => {
  const given = requestOf(options, cwd);
  await withHome(project, async ({ engine, heardBy }) => {
    const dagId = await requireDag(engine, required(args, 0));
    const planned = await planBackfill(engine, { dagId, ...given });
    const rows = await backfillRows(engine, planned);
    warn(terminal, planned);
    if (options.dryRun === true) {
      if (json) printJson(terminal.out, { runs: rows, count: toRun(rows).length });
      else printRows(terminal, rows);
      return;
    }
    const count = toRun(rows).length;
    terminal.err.line(countText(rows));
    if (count > BACKFILL_ASKED_ABOVE && options.yes !== true) {
      const what = `that is more than ${BACKFILL_ASKED_ABOVE} runs; \`--yes\` starts them, \`--dry-run\` lists them`;
      throw new FreshetError("BACKFILL_REFUSED", what);
    }
    const backfill = await putBackfill(engine, planned, operator(env));
    const heard = await heardBy({ kind: "backfill", id: backfill.backfillId });
    if (json) printJson(terminal.out, await backfillView(engine, backfill));
    else {
      terminal.out.line(backfill.backfillId);
      const where = heard === undefined ? "it starts with the next `freshet dev`" : `it starts in ${heard}`;
      terminal.err.line(`${where}; \`freshet backfills ${backfill.backfillId}\` shows how far it is`);
      const paused = (await engine.dags.load(dagId))?.value.paused ?? null;
      if (paused !== null) terminal.err.line(heldText(dagId, paused.by));
    }
  });
  return EXIT.success;
};

function requestOf(options: Options, cwd: string) {
  const { from, to, tasks, pool } = options;
  const reprocess = choiceOf("--reprocess", options.reprocess, REPROCESS);
  const order = choiceOf("--order", options.order, BACKFILL_ORDERS);
  const parallel = countOf("--parallel", options.parallel, BACKFILL_PARALLEL_MAX);
  const params = paramsOf(options.params, cwd);
  const names = tasks?.split(",").flatMap((name) => name.trim() || []);
  if (names?.length === 0)
    throw new FreshetError("USAGE", `--tasks is '${String(tasks)}', expected names such as load, load+ or +load`);
  return {
    onlyMissed: options.onlyMissed === true,
    latest: options.latest === true,
    ignoreDependsOnPast: options.ignoreDependsOnPast === true,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(names === undefined ? {} : { tasks: names }),
    ...(reprocess === undefined ? {} : { reprocess }),
    ...(order === undefined ? {} : { order }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(pool === undefined ? {} : { pool }),
    ...(params === undefined ? {} : { params }),
  };
}

const toRun = (rows: readonly BackfillRow[]): readonly BackfillRow[] => rows.filter(({ action }) => action !== "skip");

function countText(rows: readonly BackfillRow[]): string {
  const counts = Map.groupBy(rows, ({ action }) => action);
  const [create, clear, skip] = (["create", "clear", "skip"] as const).map((action) => counts.get(action)?.length ?? 0);
  const cleared = clear === 0 ? "" : ` (${clear} of them again)`;
  const skipped = skip === 0 ? "" : `, ${plural(skip ?? 0, "date")} left out`;
  return `${plural((create ?? 0) + (clear ?? 0), "run")}${cleared}${skipped}`;
}

function warn({ err }: Terminal, { plan, notes }: PlannedBackfill): void {
  for (const note of notes) err.line(`${err.paint("yellow", "warning")}: ${note}`);
  if (plan.ignoreDependsOnPast) err.line("warning: tasks do not wait for the run before, whatever their DAG says");
  if (plan.tasks !== null) err.line(`tasks: ${plan.tasks.join(", ")}; they do not wait for the others`);
}

function printRows({ out, err }: Terminal, rows: readonly BackfillRow[]): void {
  printTable<BackfillRow>(
    out,
    [
      { heading: "LOGICAL DATE", cell: (row) => timeText(row.logicalDate) },
      { heading: "ACTION", cell: (row) => actionText(out, row) },
      { heading: "WHY", cell: (row) => row.reason ?? "it has no run" },
    ],
    rows,
  );
  err.line(countText(rows));
}

const actionText = (out: Channel, { action }: BackfillRow): string =>
  out.paint(action === "skip" ? "dim" : action === "clear" ? "yellow" : "green", action);
