/** An embedded Freshet with generated pipelines, in a home of its own inside the project, where `freshet` can be imported. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { noCrash } from "../../shared/app/crash-points.ts";
import { register } from "../../shared/app/register.ts";
import { startRun } from "../../shared/app/start-run.ts";
import { dagId, type RunId } from "../../shared/core/ids.ts";
import { createDagLoader } from "../../cli/load/loader.ts";
import { versionsOf } from "../../cli/home/register-dags.ts";
import { findProject, type Project } from "../../cli/home/paths.ts";
import { startScheduler, type Scheduler } from "../../cli/home/scheduler.ts";

export const DURABILITY = "fsync of every commit (SQLite WAL, synchronous=FULL)";
const ROOT = resolve(import.meta.dirname, "../..");

export interface BenchWorld {
  readonly project: Project;
  readonly scheduler: Scheduler;
  /** A run from the request to its end, in milliseconds. */
  runOnce(dag: string): Promise<{ readonly runId: RunId; readonly ms: number }>;
  /** Resolves once so many more runs of the DAG have ended. */
  ended(dag: string, count: number): Promise<void>;
  /** Called for each run that starts. */
  onStart: (runId: RunId, startedAt: number) => void;
  close(): Promise<void>;
}

/** A folder with these DAG files, to be removed by `remove`. */
export function projectOf(files: Readonly<Record<string, string>>): {
  readonly project: Project;
  readonly remove: () => void;
} {
  mkdirSync(join(ROOT, "tmp"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "tmp/bench-"));
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, "dags", name)), { recursive: true });
    writeFileSync(join(folder, "dags", name), source);
  }
  const project = findProject(ROOT, { FRESHET_HOME: join(folder, "home") }, join(folder, "dags"));
  return { project, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

interface WorldOptions {
  /** Worker processes at the most. */
  readonly workers?: number;
  /** Whether schedules fire. */
  readonly serve?: boolean;
}

export async function openWorld(
  files: Readonly<Record<string, string>>,
  { workers, serve = false }: WorldOptions = {},
): Promise<BenchWorld> {
  const { project, remove } = projectOf(files);
  const ends = new Map<string, (endedAt: number) => void>();
  let onStart: BenchWorld["onStart"] = () => {};
  const scheduler = await startScheduler({
    project,
    env: { PATH: process.env["PATH"] ?? "" },
    crashPoint: noCrash,
    onFact: (fact) => {
      if (fact.type === "run_started") onStart(fact.runId, performance.timeOrigin + performance.now());
      if (fact.type !== "run_ended") return;
      if (fact.state !== "success")
        throw new Error(`run '${fact.runId}' ${fact.state}: ${JSON.stringify(fact.failed)}`);
      ends.get(fact.dagId)?.(performance.now());
    },
    onFault: (fault) => {
      throw new Error(`${fault.kind} ${fault.id}: ${fault.message}`);
    },
    serve,
    ...(workers === undefined ? {} : { workers }),
  });
  await registerAll(scheduler, project);
  return {
    project,
    scheduler,
    async runOnce(dag) {
      const started = performance.now();
      const ended = new Promise<number>((settle) => ends.set(dag, settle));
      const { runId } = await startRun(scheduler.engine, { dagId: dagId(dag), by: "bench" });
      const ms = (await ended) - started;
      await scheduler.idle();
      return { runId, ms };
    },
    ended(dag, count) {
      const { promise, resolve: settle } = Promise.withResolvers<void>();
      let left = count;
      ends.set(dag, () => {
        left -= 1;
        if (left === 0) settle();
      });
      return promise;
    },
    set onStart(listener: BenchWorld["onStart"]) {
      onStart = listener;
    },
    get onStart() {
      return onStart;
    },
    async close() {
      await scheduler.close();
      remove();
    },
  };
}

async function registerAll({ engine }: Scheduler, { root, dagsDir }: Project): Promise<void> {
  const loader = createDagLoader({ root, dagsDir });
  const loaded = await loader.load();
  await loader.close();
  const { versions, problems } = await versionsOf(loaded.dags, { engine, root, cwd: root });
  const errors = [...loaded.problems, ...problems].filter((problem) => problem.level === "error");
  if (errors.length > 0) throw new Error(errors.map((problem) => problem.message).join("\n"));
  await register(engine, versions);
}

/** `count` tasks that do nothing, each after the one before it. */
export const chainDag = (count: number): string => `
import { dag, task } from "freshet";
${tasks(count, (index) => (index === 0 ? "" : `inputs: { before: t${index - 1} }, `))}
export default dag("chain_${count}", { tasks: [t${count - 1}] });
`;

/** A chain of `count` tasks, every day. */
export const dailyDag = (id: string, count: number): string => `
import { dag, every, task } from "freshet";
${tasks(count, (index) => (index === 0 ? "" : `after: [t${index - 1}], `))}
export default dag("${id}", { schedule: every.day({ at: "00:00" }), tasks: [t${count - 1}] });
`;

/** One task, every minute. */
export const minutelyDag = (id: string): string => `
import { cron, dag, task } from "freshet";
const first = task("first", { run: () => ({ startedAt: performance.timeOrigin + performance.now() }) });
export default dag("${id}", { schedule: cron("* * * * *"), tasks: [first] });
`;

/** `count` tasks that do nothing and wait for nothing. */
export const fanOutDag = (count: number): string => `
import { dag, task } from "freshet";
${tasks(count, () => "")}
export default dag("fan_out_${count}", { tasks: [${Array.from({ length: count }, (_, index) => `t${index}`).join(", ")}] });
`;

/** `count` tasks that do nothing, and share so many slots. */
export const pooledDag = (count: number, slots: number): string => `
import { dag, pool, task } from "freshet";
const shared = pool("shared", { slots: ${slots} });
${tasks(count, () => "pools: [shared], ")}
export default dag("pooled", { tasks: [${Array.from({ length: count }, (_, index) => `t${index}`).join(", ")}] });
`;

const tasks = (count: number, options: (index: number) => string): string =>
  Array.from(
    { length: count },
    (_, index) => `const t${index} = task("t${index}", { ${options(index)}run: () => ({ index: ${index} }) });`,
  ).join("\n");

/** A task mapped over `count` items, and one that takes all of its results. */
export const mapDag = (count: number): string => `
import { dag, map, task } from "freshet";
const items = task("items", { run: () => Array.from({ length: ${count} }, (_, index) => index) });
const work = map("work", { over: items, run: ({ item }) => ({ item }) });
const sum = task("sum", { inputs: { work }, run: ({ inputs }) => inputs.work.length });
export default dag("map_${count}", { tasks: [sum] });
`;
