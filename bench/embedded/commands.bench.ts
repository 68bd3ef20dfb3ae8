import { lineOf, type BenchLine } from "../line.ts";
import { freshet, timed } from "./processes.ts";
import { chainDag, DURABILITY, projectOf } from "./world.ts";

export const name = "commands";

const STARTS = 15;
const FILES = 1_000;
const TASKS_OF_FILE = 10;
const LOADS = 5;

/** Commands from the shell to their exit: `freshet run` of one task, and `freshet validate` of a thousand files. */
export async function run(): Promise<readonly BenchLine[]> {
  return [await runOfOneTask(), await validateOfMany()];
}

async function runOfOneTask(): Promise<BenchLine> {
  const { project, remove } = projectOf({ "one.dag.ts": chainDag(1) });
  const samplesMs = await repeat(STARTS, async () => timed(freshet(project, ["run", "chain_1"])));
  remove();
  return lineOf({ workload: "run_one_task", n: 1, durability: DURABILITY, tasks: STARTS, ...samplesMs });
}

async function validateOfMany(): Promise<BenchLine> {
  const files = Array.from({ length: FILES }, (_, index) => [
    `team_${index % 20}/dag_${index}.dag.ts`,
    ownChain(index),
  ]);
  const { project, remove } = projectOf(Object.fromEntries(files) as Record<string, string>);
  const measured = await repeat(LOADS, async () => timed(freshet(project, ["validate"])));
  remove();
  return lineOf({
    workload: "load_1000_files",
    n: FILES,
    durability: "none",
    tasks: FILES * TASKS_OF_FILE * LOADS,
    ...measured,
  });
}

const ownChain = (index: number): string =>
  chainDag(TASKS_OF_FILE).replace(`"chain_${TASKS_OF_FILE}"`, `"dag_${index}"`);

type Sample = Awaited<ReturnType<typeof timed>>;

async function repeat(
  times: number,
  once: () => Promise<Sample>,
): Promise<{
  readonly samplesMs: readonly number[];
  readonly totalMs: number;
  readonly notes: Record<string, number>;
}> {
  const samples: Sample[] = [];
  await once();
  for (let index = 0; index < times; index++) samples.push(await once());
  const failed = samples.find(({ code }) => code !== 0);
  if (failed !== undefined) throw new Error(`the command ended with ${failed.code}`);
  const samplesMs = samples.map(({ ms }) => ms);
  const peakMbOfAllProcesses = Math.round(Math.max(...samples.map(({ rssMb }) => rssMb)));
  return { samplesMs, totalMs: samplesMs.reduce((sum, ms) => sum + ms, 0), notes: { peakMbOfAllProcesses } };
}
