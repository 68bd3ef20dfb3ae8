/** Long enough to be in flight while something else is deployed; it tells with which code each of its tasks ran. */
import { setTimeout as wait } from "node:timers/promises";
import { dag, task, type Task } from "freshet";

/** Deployments of tests change this line. */
const EDITION = "first";
const STEPS = 20;
/** The endpoint ends what is at work in a function that is deployed anew, which AWS does not: that is soon known to be lost. */
const TIMEOUT = "5s";

type Step = Task<string, readonly string[]>;

const step = async (editions: readonly string[]): Promise<readonly string[]> => {
  await wait(1_000);
  return [...new Set([...editions, EDITION])];
};

function steps(): readonly Step[] {
  const all: Step[] = [task("step_01", { timeout: TIMEOUT, run: () => step([]) }) as Step];
  for (let number = 2; number <= STEPS; number++) {
    const before = all[number - 2] as Step;
    const id = `step_${String(number).padStart(2, "0")}`;
    all.push(task(id, { timeout: TIMEOUT, inputs: { before }, run: ({ inputs }) => step(inputs.before) }) as Step);
  }
  return all;
}

export default dag("steady", { maxActiveRuns: 4, tasks: steps() });
