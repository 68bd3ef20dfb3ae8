import { currentVersion } from "../../shared/app/current-version.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import { DST_DEFAULT, readMoment, skippedText } from "../../shared/core/schedule/moment.ts";
import { previewRows, type PreviewRow } from "../../shared/core/schedule/preview.ts";
import { scheduleText } from "../../shared/core/schedule/schedule.ts";
import { durationText, iso, type Instant } from "../../shared/core/time.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import { required, type Execute, type Invocation } from "../command.ts";
import { countOf } from "../given.ts";
import { requireDag } from "../home/find-run.ts";
import type { Project } from "../home/paths.ts";
import { withHome } from "../home/reading.ts";
import { createDagLoader } from "../load/loader.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printProblem } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import { printTable } from "../output/table.ts";
import type { Channel, Terminal } from "../output/terminal.ts";
import { placeOf } from "../place.ts";
import { findDag, likelyFiles } from "../run/find-dag.ts";

interface Options {
  readonly next?: string;
  readonly from?: string;
}

const NEXT_DEFAULT = 10;
const NEXT_MAX = 10_000;

export const execute: Execute<Options> = async ({ terminal, project, cwd, json, args, options }) => {
  const count = countOf("--next", options.next, NEXT_MAX) ?? NEXT_DEFAULT;
  const dagId = required(args, 0);
  const manifest =
    project.environment === undefined
      ? await written({ terminal, project, cwd }, dagId)
      : await registered(project, dagId);
  const { schedule } = manifest;
  const says = `${environmentText(manifest, project.environment ?? "")}${windowText(manifest)}`;
  if (schedule === null) throw new FreshetError("USAGE", `${noSchedule(manifest)}${says}`);
  const from = options.from === undefined ? createClock().now() : fromOf(options.from, schedule.timezone, terminal);
  const rows = previewRows(schedule, { from, count });
  if (json) printJson(terminal.out, rows);
  else
    print(terminal, rows, { title: `${dagId}: ${scheduleText(schedule)}${says}`, timezone: schedule.timezone, from });
  return EXIT.success;
};

/** As its file says. */
async function written(
  { terminal, project, cwd }: Pick<Invocation, "terminal" | "project" | "cwd">,
  dagId: string,
): Promise<Manifest> {
  const loader = createDagLoader({ ...placeOf({ project, cwd }), dagsDir: project.dagsDir });
  try {
    const { dag, problems } = await findDag(loader, await likelyFiles(project.dagsDir, dagId), dagId);
    for (const problem of problems) printProblem(terminal.err, problem, sourceLines(cwd));
    return dag.manifest;
  } finally {
    await loader.close();
  }
}

/** As it was deployed. */
const registered = (project: Project, name: string): Promise<Manifest> =>
  withHome(project, async ({ engine }) => (await currentVersion(engine, await requireDag(engine, name))).manifest);

const noSchedule = ({ dagId, triggers }: Manifest): string =>
  `dag '${dagId}' has no schedule: its runs start ${triggers.length > 0 ? "when files arrive" : "by hand"}`;

/** Where the environment has the last word, that it has. */
function environmentText({ writtenSchedule: own }: Manifest, environment: string): string {
  if (own === undefined) return "";
  return `; so environment '${environment}' says, its file says ${own === null ? "none" : scheduleText(own)}`;
}

const windowText = ({ schedule, dataWindowMs }: Manifest): string =>
  schedule === null || dataWindowMs === undefined
    ? ""
    : `; what ended more than ${durationText(dataWindowMs)} ago gets no run there (data window)`;

function fromOf(text: string, timezone: string, { err }: Terminal): Instant {
  const moment = readMoment(text, timezone, DST_DEFAULT);
  if ("fault" in moment) throw new FreshetError("USAGE", `--from is '${text}'; ${moment.fault}`);
  const [at] = moment.at;
  if (at === undefined) throw new TypeError("a moment that is moved from a gap is there");
  if (moment.skipped) err.line(`${err.paint("yellow", "warning")}: ${skippedText(text, timezone, at)}`);
  return at;
}

interface Shown {
  readonly title: string;
  readonly timezone: string;
  readonly from: Instant;
}

function print({ out, err }: Terminal, rows: readonly PreviewRow[], { title, timezone, from }: Shown): void {
  if (rows.length === 0) return err.line(`${title} does not fire from ${iso(from)} on`);
  out.line(out.paint("bold", title));
  printRows(out, rows, timezone);
}

const printRows = (out: Channel, rows: readonly PreviewRow[], timezone: string): void =>
  printTable(
    out,
    [
      { heading: "LOGICAL DATE", cell: ({ logicalDate }) => logicalDate },
      { heading: "COVERS UNTIL", cell: ({ dataInterval }) => dataInterval.end },
      { heading: "DUE", cell: ({ due }) => due },
      { heading: `DUE IN ${timezone}`, cell: ({ dueLocal }) => dueLocal },
      { heading: "NOTE", cell: ({ note }) => out.paint("yellow", note ?? ""), flexible: true },
    ],
    rows,
  );
