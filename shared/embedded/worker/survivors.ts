/**
 * Which processes a home has started, on disk, so that the next scheduler can end those that a killed one left behind: a
 * worker whose code never yields cannot notice that its pool is gone.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `process` and its start: a process id alone may have been given to somebody else since. */
interface Identity {
  readonly pid: number;
  readonly started: string;
}

interface ProcessRecord extends Identity {
  readonly owner: Identity;
}

export interface ProcessRegistry {
  /** Call as soon as the process exists. */
  add(pid: number): void;
  remove(pid: number): void;
}

const folderOf = (home: string): string => join(home, "workers");
const recordPath = (home: string, pid: number): string => join(folderOf(home), `${pid}.json`);

export function createProcessRegistry(home: string): ProcessRegistry {
  const owner = { pid: process.pid, started: startOf(process.pid) ?? "" };
  mkdirSync(folderOf(home), { recursive: true });
  return {
    add(pid) {
      const started = startOf(pid);
      if (started === undefined) return; // Gone already.
      const record: ProcessRecord = { pid, started, owner };
      try {
        writeFileSync(recordPath(home, pid), JSON.stringify(record));
      } catch {
        // A full disk must not stop the work: an unrecorded worker still ends with its pool, unless its code hangs then.
      }
    },
    remove(pid) {
      rmSync(recordPath(home, pid), { force: true });
    },
  };
}

/**
 * Ends the processes, with all that they started, whose owner is no more. Call while holding the home's lock and before
 * any attempt is claimed. Returns the process ids that it ended.
 */
export function endSurvivors(home: string): readonly number[] {
  const ended: number[] = [];
  for (const name of namesIn(folderOf(home))) {
    const path = join(folderOf(home), name);
    const record = readRecord(path);
    if (record !== undefined) {
      if (lives(record.owner)) continue; // A `freshet run` beside us looks after its own.
      if (lives(record) && killGroup(record.pid)) ended.push(record.pid);
    }
    rmSync(path, { force: true });
  }
  removeScratch(home);
  return ended;
}

/** Kills a process that leads a group, with the whole group. False if there is none. */
export function killGroup(pid: number): boolean {
  try {
    return process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    return false; // Nobody left.
  }
}

/** Scratch folders of workers that are no more. */
function removeScratch(home: string): void {
  const living = new Set(namesIn(folderOf(home)).map((name) => name.replace(/\.json$/, "")));
  for (const pid of namesIn(join(home, "scratch"))) {
    if (!living.has(pid)) rmSync(join(home, "scratch", pid), { recursive: true, force: true });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Not there yet.
  }
}

function readRecord(path: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as Partial<ProcessRecord>;
    return Number.isInteger(record.pid) && record.owner !== undefined ? (record as ProcessRecord) : undefined;
  } catch {
    return undefined; // Cut short by a crash, before there was anything to end.
  }
}

const lives = ({ pid, started }: Identity): boolean => started !== "" && startOf(pid) === started;

/** When a process started, as the system tells it; undefined if there is no such process or no way to tell. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") return linuxStart(pid);
    if (process.platform === "win32") return undefined; // Its pipes tell a worker there.
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

let boot: string | undefined;

/** Clock ticks since the machine booted; so together with which boot that was. A zombie has ended. */
function linuxStart(pid: number): string | undefined {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // The name before it may contain anything.
  return fields[0] === "Z" ? undefined : `${boot}:${fields[19]}`;
}
