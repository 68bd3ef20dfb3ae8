import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CRASH_POINTS } from "../../shared/app/crash-points.ts";
import type { Summary } from "./process.ts";
import { readJournal, type JournalLine } from "./world.ts";

let home: string;
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "freshet-recovery-"))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("a process killed between two effects", () => {
  test.each(CRASH_POINTS)("at %s leaves what the next one completes", async (point) => {
    const first = await live({ FRESHET_CRASH_AT: point });
    expect(first.signal, `the process never came by ${point}: ${first.errors}`).toBe("SIGKILL");

    const second = await live({});

    expect(second.code, second.errors).toBe(0);
    const { runs, faults, holders } = JSON.parse(second.output) as Summary;
    expect([faults, holders]).toEqual([[], []]);
    expect(statesOf(runs, "diamond.")).toEqual(["success", "success"]);
    expect(runs.filter((run) => run.runId.startsWith("diamond.")).map((run) => run.epoch)).toContain(1);
    expect(statesOf(runs, "endless.")).toEqual(["cancelled"]);
    expect(statesOf(runs, "past.")).toEqual(["success", "success", "success"]);
    expect([statesOf(runs, "parent."), statesOf(runs, "child.")]).toEqual([["success"], ["success"]]);
    expect(new Set(statesOf(runs, "files."))).toEqual(new Set(["success"]));
    expect(runs.flatMap((run) => run.files).toSorted()).toEqual([
      "raw/orders/a.csv",
      "raw/orders/b.csv",
      "raw/orders/c.csv",
    ]);
    expect(attemptsBesideNewer(readJournal(home))).toEqual([]);
    expect(startsOf(readJournal(home), "after")).toBe(0);
  });
});

const statesOf = (runs: Summary["runs"], prefix: string): string[] =>
  runs.filter((run) => run.runId.startsWith(prefix)).map((run) => run.state);

const startsOf = (journal: readonly JournalLine[], task: string): number =>
  journal.filter((line) => line.at === "start" && line.taskId === task).length;

/** Starts of an attempt at or below one that the same task instance has started before. */
function attemptsBesideNewer(journal: readonly JournalLine[]): readonly JournalLine[] {
  const newest = new Map<string, number>();
  return journal.filter(({ at, runId, taskId, attempt }) => {
    if (at !== "start") return false;
    const name = `${runId}#${taskId}`;
    const late = attempt <= (newest.get(name) ?? 0);
    newest.set(name, Math.max(attempt, newest.get(name) ?? 0));
    return late;
  });
}

interface Life {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

function live(env: Readonly<Record<string, string>>): Promise<Life> {
  const script = join(import.meta.dirname, "process.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
    env: { PATH: process.env["PATH"], FRESHET_HOME: home, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => void (errors += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, output, errors })));
}
