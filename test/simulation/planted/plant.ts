/** Copies the engine and the simulation, changes the copy, and lets seeds look for what that breaks. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Failure } from "../summary.ts";
import { simulateMany } from "../workers.ts";
import type { PlantedBug } from "./bug.ts";

/** Seeds in which a bug must show. */
const BUDGET_SEEDS = 1_000;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COPIED = [
  "package.json",
  "shared/core",
  "shared/contract",
  "shared/ports",
  "shared/app",
  "shared/simulated",
  "test/builders",
  "test/simulation",
];

/** What came of a hunt: the first promise that a seed saw broken, or why there is none. */
export type Hunted = { readonly seen: Failure } | { readonly missed: string };

/** By the names of the bugs; as many at once as there are cores. */
export async function huntAll(bugs: readonly PlantedBug[]): Promise<ReadonlyMap<string, Hunted>> {
  const hunted = new Map<string, Hunted>();
  const open = [...bugs];
  const work = async (): Promise<void> => {
    for (let bug = open.shift(); bug !== undefined; bug = open.shift()) hunted.set(bug.name, await hunt(bug));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return hunted;
}

async function hunt(bug: PlantedBug): Promise<Hunted> {
  const folder = mkdtempSync(join(tmpdir(), "freshet-planted-"));
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "junction");
    const misfit = plant(folder, bug);
    if (misfit !== undefined) return { missed: misfit };
    const worker = join(folder, "test/simulation/worker.ts");
    const { failures } = await simulateMany({ from: 1, count: BUDGET_SEEDS, failuresMax: 1, workers: 1, worker });
    return failures[0] === undefined ? { missed: `not seen in ${BUDGET_SEEDS} seeds` } : { seen: failures[0] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why the bug no longer fits the source; undefined if it did. */
function plant(folder: string, { changes }: PlantedBug): string | undefined {
  for (const { file, find, replace } of changes) {
    const path = join(folder, file);
    const parts = readFileSync(path, "utf8").split(find);
    if (parts.length !== 2) {
      return `it no longer fits: ${file} has '${find}' ${parts.length - 1} times; plant it anew`;
    }
    writeFileSync(path, parts.join(replace));
  }
  return undefined;
}
