/** `simulate(dag, { from, to })`: what a DAG would do in a period, in a moment. */
import { FreshetError } from "../core/errors.ts";
import { compileModule } from "../dsl/compile.ts";
import type { Dag } from "../dsl/dag.ts";
import { readPeriod } from "./simulation/given.ts";
import type { SimulateOptions } from "./simulation/options.ts";
import type { Simulation } from "./simulation/result.ts";
import { runPeriod } from "./simulation/run-period.ts";

/**
 * Lets a period pass for a DAG, by the engine that also runs it in production, on a virtual clock. None of its code runs: how
 * attempts end, and how long they take, is scripted or drawn by chance from a seed. Only the tasks take time.
 *
 * Throws INVALID_DAG for a DAG with mistakes, and USAGE for options with mistakes: with all of them.
 */
export async function simulate(dag: Dag, options: SimulateOptions): Promise<Simulation> {
  const { manifests, problems } = compileModule({ file: "simulate", exports: { dag } });
  const [manifest] = manifests;
  if (manifest !== undefined) return runPeriod(readPeriod(manifest, options));
  const errors = problems.filter(({ level }) => level === "error").map(({ message }) => message);
  throw new FreshetError("INVALID_DAG", errors.join("\n"), { problems });
}
