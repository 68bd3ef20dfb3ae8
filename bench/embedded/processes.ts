/** The `freshet` command as a user starts it, and what its processes take. Memory and processor time on Linux only. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Project } from "../../cli/home/paths.ts";

const BIN = resolve(import.meta.dirname, "../../cli/bin/freshet.mjs");
const CLOCK_TICKS_PER_SECOND = 100;
const LOOK_MS = 100;

export function freshet(project: Project, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [BIN, ...args, "--dags", project.dagsDir], {
    cwd: project.root,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], FRESHET_HOME: project.home.path, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Resolves with the milliseconds from the start to the exit, and the most memory that it and its children held at once. */
export async function timed(
  child: ChildProcess,
): Promise<{ readonly ms: number; readonly rssMb: number; readonly code: number | null }> {
  const began = performance.now();
  let rssMb = 0;
  const look = setInterval(() => {
    rssMb = Math.max(
      rssMb,
      familyOf(child.pid ?? 0).reduce((sum, pid) => sum + rssOf(pid), 0),
    );
  }, LOOK_MS);
  child.stdout?.resume();
  child.stderr?.resume();
  const code = await new Promise<number | null>((settle) => child.on("exit", (exit) => settle(exit)));
  clearInterval(look);
  return { ms: performance.now() - began, rssMb, code };
}

/** The process and all below it. */
export function familyOf(pid: number): readonly number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(statOf(Number(name))?.[1]);
    if (!Number.isNaN(parent)) parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const family = [pid];
  for (const member of family) family.push(...(parents.get(member) ?? []));
  return family;
}

export const rssOf = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(read(pid, "status"))?.[1] ?? 0) / 1024;

/** Seconds of processor time that the process has taken. */
export const cpuSecondsOf = (pid: number): number => {
  const stat = statOf(pid);
  return (Number(stat?.[11] ?? 0) + Number(stat?.[12] ?? 0)) / CLOCK_TICKS_PER_SECOND;
};

/** The fields of /proc/PID/stat after the name, which may hold spaces: state, parent, ... */
const statOf = (pid: number): readonly string[] | undefined => {
  const text = read(pid, "stat");
  return text === "" ? undefined : text.slice(text.lastIndexOf(")") + 2).split(" ");
};

function read(pid: number, file: string): string {
  try {
    return readFileSync(join("/proc", String(pid), file), "utf8");
  } catch {
    return ""; // It has ended meanwhile.
  }
}

/** Resolves once the text has been printed; rejects if the process ends before. */
export function printed(child: ChildProcess, text: string): Promise<void> {
  return new Promise((settle, reject) => {
    let all = "";
    const hear = (chunk: Buffer): void => {
      all += chunk.toString();
      if (all.includes(text)) settle();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.on("exit", (code) => reject(new Error(`ended with ${code} before it said '${text}': ${all}`)));
  });
}
