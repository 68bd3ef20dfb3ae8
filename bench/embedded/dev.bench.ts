import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openStores } from "../../cli/home/stores.ts";
import type { Project } from "../../cli/home/paths.ts";
import { dagId } from "../../shared/core/ids.ts";
import { lineOf, rounded, type BenchLine } from "../line.ts";
import { cpuSecondsOf, familyOf, freshet, printed, rssOf } from "./processes.ts";
import { chainDag, DURABILITY, projectOf } from "./world.ts";

export const name = "dev";

const SAVES = 15;
const SETTLE_MS = 25_000;
const IDLE_SECONDS = 20;
const LOOK_MS = 2;

/** `freshet dev` while somebody edits a DAG, and while nothing happens. */
export async function run(): Promise<readonly BenchLine[]> {
  const { project, remove } = projectOf({ "chain.dag.ts": chainDag(3) });
  const child = freshet(project, ["dev"]);
  await printed(child, "chain_3");
  const saves = await savesOf(project);
  await delay(SETTLE_MS);
  const idle = await idleOf(child.pid ?? 0);
  child.kill("SIGINT");
  await new Promise((settle) => child.on("exit", settle));
  remove();
  return [saves, idle];
}

/** From the save of a DAG file to its new version being the one that runs get. */
async function savesOf(project: Project): Promise<BenchLine> {
  const stores = openStores(project.home);
  const version = async (): Promise<string | undefined> => (await stores.dags.load(dagId("chain_3")))?.value.version;
  const samplesMs: number[] = [];
  for (let index = 0; index < SAVES; index++) {
    const before = await version();
    const began = performance.now();
    writeFileSync(join(project.dagsDir, "chain.dag.ts"), `${chainDag(3)}// ${index}\nconst saved = ${index};\n`);
    while ((await version()) === before) await delay(LOOK_MS);
    samplesMs.push(performance.now() - began);
  }
  await stores.close();
  const totalMs = samplesMs.reduce((sum, ms) => sum + ms, 0);
  return lineOf({ workload: "save_to_registered", n: 1, durability: DURABILITY, samplesMs, totalMs, tasks: SAVES });
}

async function idleOf(pid: number): Promise<BenchLine> {
  const family = familyOf(pid);
  const before = family.map((member) => cpuSecondsOf(member));
  await delay(IDLE_SECONDS * 1_000);
  const seconds = family.reduce((sum, member, index) => sum + cpuSecondsOf(member) - (before[index] ?? 0), 0);
  const notes = {
    percentOfACore: rounded((seconds / IDLE_SECONDS) * 100),
    schedulerMb: Math.round(rssOf(pid)),
    processes: family.length,
  };
  return lineOf({
    workload: "idle_dev",
    n: 1,
    durability: "none",
    samplesMs: [],
    totalMs: IDLE_SECONDS * 1_000,
    tasks: 0,
    notes,
  });
}
