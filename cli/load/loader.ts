/**
 * Loads DAG files. The author's code is never imported into this process: loader processes do that, which may be hung,
 * ended or killed by a file without harm to the others. Each load begins in fresh processes, because a module stays as it
 * was first imported; one is kept warm, so that a saved file need not wait for it.
 */
import { realpathSync } from "node:fs";
import { FreshetError } from "../../shared/core/errors.ts";
import type { Problem } from "../../shared/core/problem.ts";
import type { ProcessRegistry } from "../../shared/embedded/worker/survivors.ts";
import { problem, shownPath } from "./fault.ts";
import { findDagFiles } from "./find-files.ts";
import { startLoaderProcess, type LoaderProcess } from "./loader-process.ts";
import { mergeReports } from "./merge.ts";
import { closeReports } from "./open-sources.ts";
import type { FileReport } from "./protocol.ts";
import type { LoadResult } from "./result.ts";

/** How long one file may take to be imported. */
const FILE_TIMEOUT_MS = 5_000;
/** Files that a process is given at once: few, so that processes end together; many, so that they need not ask often. */
const CHUNK_FILES = 20;
const PROCESSES_MAX = 2;

export interface LoaderOptions {
  /** The project's folder: what sources are named by. */
  readonly root: string;
  readonly dagsDir: string;
  /** What paths in messages are relative to; the present folder unless given. */
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Keep a process ready for the next load. */
  readonly warm?: boolean;
  readonly registry?: ProcessRegistry;
}

export interface DagLoader {
  /** Loads the files given (as paths), or all of the folder. Rejects with LOAD_FAILED if the folder cannot be read. */
  load(files?: readonly string[]): Promise<LoadResult>;
  /**
   * All of the folder again, after these files (absolute) were changed, added or removed: imports only what that touches,
   * and whatever had an error.
   */
  reload(changed: readonly string[]): Promise<LoadResult>;
  close(): Promise<void>;
}

interface Loader {
  readonly options: Required<Omit<LoaderOptions, "registry">> & Pick<LoaderOptions, "registry">;
  /** Of the last load of the whole folder, by file. */
  readonly reports: Map<string, FileReport>;
  warm: LoaderProcess | undefined;
  /** All that were not told to end. */
  readonly processes: Set<LoaderProcess>;
  closed: boolean;
}

export function createDagLoader(options: LoaderOptions): DagLoader {
  const loader: Loader = {
    options: {
      timeoutMs: FILE_TIMEOUT_MS,
      warm: false,
      ...options,
      root: realPath(options.root),
      dagsDir: realPath(options.dagsDir),
      cwd: realPath(options.cwd ?? process.cwd()),
    },
    reports: new Map(),
    warm: undefined,
    processes: new Set(),
    closed: false,
  };
  loader.warm = newProcess(loader); // It starts while the folder is read.
  return {
    async load(files) {
      const found = files?.map(realPath) ?? (await filesOf(loader));
      const reports = await loadFiles(loader, found);
      if (files !== undefined) return mergeReports(reports, loader.options.cwd, found);
      replaceReports(loader, found, reports);
      return mergeReports([...loader.reports.values()], loader.options.cwd, found);
    },
    async reload(changed) {
      const found = await filesOf(loader);
      const touched = touchedFiles(loader, found, new Set(changed));
      replaceReports(loader, found, await loadFiles(loader, touched));
      return mergeReports([...loader.reports.values()], loader.options.cwd, found);
    },
    async close() {
      loader.closed = true;
      for (const process of loader.processes) endProcess(loader, process);
    },
  };
}

/** Node names modules by their real paths, and so do we. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path; // Not there: whoever reads it says so.
  }
}

function newProcess({ options, processes }: Loader): LoaderProcess {
  const process = startLoaderProcess(options);
  processes.add(process);
  return process;
}

async function filesOf({ options: { dagsDir, cwd } }: Loader): Promise<readonly string[]> {
  try {
    return await findDagFiles(dagsDir);
  } catch (cause) {
    const shown = shownPath(cwd, dagsDir);
    const { code = "" } = cause as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT" ? "there is no such folder" : code === "ENOTDIR" ? "it is no folder" : String(cause);
    const help = "DAGs are in files named `*.dag.ts`; `--dags` names another folder";
    const fault = problem(
      "LOAD009",
      `the folder of DAGs '${shown}' cannot be read: ${reason}`,
      { file: shown, line: 1, column: 1 },
      help,
    );
    throw new FreshetError("LOAD_FAILED", `${fault.message}; ${help}`, { cause, problems: [fault] });
  }
}

function touchedFiles({ reports }: Loader, found: readonly string[], changed: ReadonlySet<string>): readonly string[] {
  return found.filter((file) => {
    const report = reports.get(file);
    if (report === undefined || report.problems.some(({ level }) => level === "error")) return true;
    return report.sources.some((source) => changed.has(source));
  });
}

function replaceReports({ reports }: Loader, found: readonly string[], fresh: readonly FileReport[]): void {
  const known = new Map(reports);
  for (const report of fresh) known.set(report.file, report);
  reports.clear();
  for (const file of found) {
    const report = known.get(file);
    if (report !== undefined) reports.set(file, report);
  }
}

/** Reports on the files, and on those of the others that are to be seen together with them. */
async function loadFiles(loader: Loader, files: readonly string[]): Promise<readonly FileReport[]> {
  if (files.length === 0) return [];
  const reports = new Map((await loadApart(loader, files)).map((report) => [report.file, report]));
  for (const group of linkedGroups([...loader.reports.values(), ...reports.values()], new Set(files))) {
    for (const report of await loadTogether(loader, group)) reports.set(report.file, report);
  }
  keepWarm(loader);
  return closeReports([...reports.values()], loader.options);
}

function keepWarm(loader: Loader): void {
  if (loader.options.warm && !loader.closed) loader.warm ??= newProcess(loader);
}

function takeProcess(loader: Loader): LoaderProcess {
  const process = loader.warm ?? newProcess(loader);
  loader.warm = undefined;
  return process;
}

function endProcess({ processes }: Loader, process: LoaderProcess | undefined): void {
  if (process === undefined) return;
  processes.delete(process);
  process.end();
}

async function loadApart(loader: Loader, files: readonly string[]): Promise<readonly FileReport[]> {
  const reports: FileReport[] = [];
  const left = [...files];
  const suspects: string[] = [];
  const work = async (): Promise<void> => {
    let process: LoaderProcess | undefined;
    while (left.length > 0 && !loader.closed) {
      process ??= takeProcess(loader);
      const open = new Set(left.splice(0, CHUNK_FILES));
      const end = await process.load({ files: [...open], together: false }, (report) => {
        open.delete(report.file);
        reports.push(report);
      });
      if (end.kind === "done") continue;
      if (end.problem.code === "LOAD002") reports.push(stoppedReport(end.file, end.problem));
      else if (open.has(end.file)) suspects.push(end.file);
      open.delete(end.file);
      left.unshift(...open);
      endProcess(loader, process);
      process = undefined;
    }
    endProcess(loader, process);
  };
  const processes = Math.min(PROCESSES_MAX, Math.ceil(files.length / CHUNK_FILES));
  await Promise.all(Array.from({ length: processes }, work));
  // What ended a process may have been left behind by a file before: alone, each shows what it does itself.
  for (const file of suspects) reports.push(...(await loadTogether(loader, [file])));
  return reports;
}

const stoppedReport = (file: string, fault: Problem): FileReport => ({
  file,
  dags: [],
  problems: [fault],
  sources: [file],
  packages: [],
  open: false,
});

/** A file that takes the process with it is reported, and the others are loaded without it. */
async function loadTogether(loader: Loader, group: readonly string[]): Promise<readonly FileReport[]> {
  const stopped: FileReport[] = [];
  for (let files = group; ;) {
    const reports: FileReport[] = [];
    const process = takeProcess(loader);
    const end = await process.load({ files, together: true }, (report) => void reports.push(report));
    endProcess(loader, process);
    if (end.kind === "done") return [...stopped, ...reports];
    stopped.push(stoppedReport(end.file, end.problem));
    files = files.filter((file) => file !== end.file);
    if (files.length === 0) return stopped;
  }
}

/**
 * DAG files that import each other, as groups: what one exports and the other uses shows only when they are compiled
 * together. Only groups with a file of `fresh` in them.
 */
function linkedGroups(reports: readonly FileReport[], fresh: ReadonlySet<string>): readonly (readonly string[])[] {
  const files = new Set(reports.map(({ file }) => file));
  const groupOf = new Map<string, Set<string>>();
  for (const { file, sources } of reports) {
    for (const source of sources) {
      if (source === file || !files.has(source)) continue;
      const group = new Set([...(groupOf.get(file) ?? [file]), ...(groupOf.get(source) ?? [source])]);
      for (const member of group) groupOf.set(member, group);
    }
  }
  const groups = [...new Set(groupOf.values())].map((group) => [...group].toSorted());
  return groups.filter((group) => group.some((file) => fresh.has(file)));
}
