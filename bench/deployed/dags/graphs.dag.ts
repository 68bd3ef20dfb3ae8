/** What is counted on the deployed stack. */
import { dag, task, type Task } from "freshet";

/** What every task returns: about 200 bytes as JSON. */
const OUTPUT = { key: `s3://lake/orders/${"x".repeat(150)}`, rows: 250, sha256: "e3b0c4" };
type Output = typeof OUTPUT;

const work = (): Output => OUTPUT;

/** Each task takes the output of the one before it. */
function chain(length: number): readonly Task<string, Output>[] {
  const tasks: Task<string, Output>[] = [];
  for (let n = 1; n <= length; n++) {
    const before = tasks.at(-1);
    tasks.push(task(`link_${n}`, { ...(before === undefined ? {} : { inputs: { before } }), run: work }));
  }
  return tasks;
}

export const chain20 = dag("chain_20", { tasks: chain(20) });
export const chain40 = dag("chain_40", { tasks: chain(40) });

/** One task, then so many that take its output. */
function fanOut(width: number): readonly Task<string, Output>[] {
  const first = task("first", { run: work });
  return [first, ...Array.from({ length: width }, (_, n) => task(`wide_${n}`, { inputs: { first }, run: work }))];
}

export const fanOut200 = dag("fan_out_200", { tasks: fanOut(200) });
