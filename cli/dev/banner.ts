/** The first thing a newcomer sees: where things are, and what to try. */
import { basename, dirname, sep } from "node:path";
import type { Manifest } from "../../shared/core/manifest.ts";
import { durationText } from "../../shared/core/time.ts";
import type { Project } from "../home/paths.ts";
import type { Channel } from "../output/terminal.ts";
import { pathText, plural } from "../output/words.ts";
import { fileAfter, type Sample } from "./first-sample.ts";

export interface Place {
  readonly project: Project;
  readonly cwd: string;
}

const shown = ({ cwd }: Place, path: string, folder = false): string => `${pathText(cwd, path)}${folder ? sep : ""}`;

/** What is not as the DAGs say it. */
interface Differences {
  readonly windowMs: number | undefined;
  readonly dataWindowMs: number | undefined;
  readonly schedules: boolean;
}

export function printBanner(out: Channel, place: Place, { windowMs, dataWindowMs, schedules }: Differences): void {
  const { dagsDir, home } = place.project;
  const rows: readonly (readonly [string, string, string])[] = [
    ["DAGs", shown(place, dagsDir, true), "save a file, and it is taken up"],
    ["buckets", shown(place, home.buckets, true), "drop a file into a bucket's folder, and it arrives"],
    ["state", shown(place, home.stateFile), ""],
    ["logs", shown(place, home.logs, true), ""],
  ];
  const width = Math.max(...rows.map(([, path]) => path.length));
  out.line(`${out.paint("bold", "Freshet")} runs here; Ctrl-C ends it. Times are UTC.`);
  for (const [label, path, what] of rows) {
    out.line(`  ${out.paint("dim", label.padEnd(8))} ${path.padEnd(width)}  ${out.paint("dim", what)}`.trimEnd());
  }
  if (windowMs !== undefined) {
    out.line(
      `  ${out.paint("dim", "windows ")} at most ${durationText(windowMs)} are waited for more files (--window as-written: as the DAGs say)`,
    );
  }
  if (dataWindowMs !== undefined) {
    const held = `what ended more than ${durationText(dataWindowMs)} ago gets no run by the clock (--data-window)`;
    out.line(`  ${out.paint("dim", "data    ")} ${held}`);
  }
  if (!schedules) out.line(`  ${out.paint("dim", "clock   ")} nothing starts by it (--no-schedules)`);
  out.line();
}

/** Commands that work as they stand here. */
export async function printWhatToTry(
  out: Channel,
  place: Place,
  manifests: readonly Manifest[],
  samples: readonly Sample[],
): Promise<void> {
  const lines = await whatToTry(place, manifests, samples);
  const width = Math.max(...lines.map(([command]) => command.length));
  out.line();
  out.line(out.paint("bold", "Try next, in another terminal:"));
  for (const [command, what] of lines) out.line(`  ${command.padEnd(width)}  ${out.paint("dim", what)}`);
  out.line();
}

async function whatToTry(
  place: Place,
  manifests: readonly Manifest[],
  samples: readonly Sample[],
): Promise<readonly (readonly [command: string, what: string])[]> {
  const lines: (readonly [string, string])[] = [];
  const [sample] = samples;
  const next = sample === undefined ? undefined : await fileAfter(place.project.dagsDir, sample);
  if (sample !== undefined && next !== undefined) {
    const folder = `${place.project.home.buckets}/${sample.bucket}/${dirname(sample.key)}`;
    lines.push([`cp ${shown(place, next)} ${shown(place, folder, true)}`, "another file arrives"]);
  }
  const daily = manifests.find(({ schedule }) => schedule?.interval === "day");
  const [date] = /\d{4}-\d{2}-\d{2}/.exec(basename(sample?.key ?? "")) ?? [];
  if (daily !== undefined) {
    const day = date === undefined ? "" : ` --date ${date}`;
    lines.push([`npx freshet run ${daily.dagId}${day}`, date === undefined ? "the last whole day" : "one day"]);
  } else if (manifests[0] !== undefined) lines.push([`npx freshet run ${manifests[0].dagId}`, "run it now"]);
  lines.push(["npx freshet why latest", "why is the latest run as it is?"]);
  if (manifests[0] !== undefined)
    lines.push([`npx freshet graph ${manifests[0].dagId}`, `its ${plural(manifests[0].tasks.length, "task")}`]);
  lines.push(["npx freshet --help", "everything else"]);
  return lines;
}
