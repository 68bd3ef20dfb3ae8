/** A folder for one storm, inside the project so that its pipelines can import `freshet`. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { findProject, type Project } from "../../cli/home/paths.ts";
import type { JournalLine } from "./dags/lib/journal-line.ts";

const ROOT = resolve(import.meta.dirname, "../..");

export interface Place {
  readonly folder: string;
  readonly project: Project;
  readonly journal: string;
  readonly seed: number;
}

export function makePlace(seed: number): Place {
  mkdirSync(join(ROOT, "tmp"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "tmp/chaos-"));
  const dags = join(folder, "dags");
  cpSync(join(import.meta.dirname, "dags"), dags, { recursive: true });
  const project = findProject(ROOT, { FRESHET_HOME: join(folder, "home") }, dags);
  return { folder, project, journal: join(folder, "journal.jsonl"), seed };
}

export const removePlace = ({ folder }: Place): void => rmSync(folder, { recursive: true, force: true });

/** All lines in the order in which they were written. */
export function readJournal({ journal }: Place): readonly JournalLine[] {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as JournalLine);
}

/** Worker processes that the home knows of. */
export function workerPids({ project }: Place): readonly number[] {
  const folder = join(project.home.path, "workers");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => Number.parseInt(name, 10))
    .filter((pid) => pid > 0);
}

export interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes that were started for this home and are still there. */
export function leftProcesses({ project }: Place): readonly LeftProcess[] {
  const mark = `FRESHET_HOME=${project.home.path}\0`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, "utf8").includes(mark)) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return [{ pid: Number(name), command }];
      } catch {
        return []; // It has ended, or is not ours.
      }
    });
}

/** Whatever the storm leaves behind, it does not leave processes. */
export function endLeftProcesses(place: Place): void {
  for (const { pid } of leftProcesses(place)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
