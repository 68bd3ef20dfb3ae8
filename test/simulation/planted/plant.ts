/** Copies the engine and the simulation, changes the copy, and lets seeds look for what that breaks. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Failure } from "../summary.ts";
import { simulateMany } from "../workers.ts";
import type { PlantedBug } from "./bug.ts";

/** Seeds in which a bug must show. */
export const BUDGET_SEEDS = 1_000;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COPIED = [
  "package.json",
  "shared/core",
  "shared/contract",
  "shared/ports",
  "shared/app",
  "test/builders",
  "test/simulation",
];

/** The first promise that a seed saw broken; undefined if none did. Throws if the bug no longer fits the source. */
export async function hunt(bug: PlantedBug, seeds = BUDGET_SEEDS): Promise<Failure | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "freshet-planted-"));
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "junction");
    plant(folder, bug);
    const worker = join(folder, "test/simulation/worker.ts");
    const { failures } = await simulateMany({ from: 1, count: seeds, stopAtFailure: true, workers: 1, worker });
    return failures[0];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plant(folder: string, { name, changes }: PlantedBug): void {
  for (const { file, find, replace } of changes) {
    const path = join(folder, file);
    const parts = readFileSync(path, "utf8").split(find);
    if (parts.length !== 2) {
      throw new Error(`'${name}' no longer fits: ${file} has its text ${parts.length - 1} times; plant it anew`);
    }
    writeFileSync(path, parts.join(replace));
  }
}
