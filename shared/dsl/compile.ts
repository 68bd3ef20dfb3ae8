/** Compiles what DAG files export, and finds everything that is wrong with it in one pass. */
import type { Manifest, ScheduleSpec } from "../core/manifest.ts";
import type { Problem } from "../core/problem.ts";
import { compileDag } from "./compile/dag-manifest.ts";
import { checkChildren, type CompiledDag } from "./compile/child-spec.ts";
import { noPools, type KnownPools } from "./compile/pools.ts";
import { reporter } from "./compile/report.ts";
import { checkDeadlines } from "./compile/deadlines.ts";
import { scheduleSpec } from "./compile/schedule-spec.ts";
import { placeOf } from "./compile/source-place.ts";
import { taskDefinition, type DagDefinition, type TaskDefinition } from "./definition.ts";
import { exportedDags, membersOf } from "./members.ts";

export { DAG_CODES } from "./compile/codes.ts";

/** A DAG file that has been imported. */
export interface DagModule {
  /** As the person would type it, relative to where they are: it stands in messages. */
  readonly file: string;
  /** Its namespace: what `import()` gave. */
  readonly exports: object;
  /** Hash of the sources behind it; may be filled into the manifests later. */
  readonly codeHash?: string;
}

export interface CompiledModule {
  readonly file: string;
  /** Of the DAGs without errors. */
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** One file alone: ids that another file uses too, and uses of its tasks elsewhere, are not seen. */
export function compileModule(module: DagModule): CompiledModule {
  const [compiled] = compileAll([module]);
  if (compiled === undefined) throw new TypeError("a module compiles to one module");
  return compiled;
}

/** All files together, in the order given. Of two DAGs with one id, the first stands. */
export function compileAll(modules: readonly DagModule[]): readonly CompiledModule[] {
  const known: Known = { dags: new Map(), ids: new Map(), unreadable: new Set(), compiled: [], pools: noPools() };
  const compiled = modules.map((module) => compileOne(module, known));
  reportUnused(compiled, known);
  const refused = checkChildren(known.compiled);
  return compiled.map(({ file, manifests, problems }) => ({
    file,
    manifests: manifests.filter((manifest) => !refused.has(manifest)),
    problems,
  }));
}

/**
 * A schedule that somebody else gives a DAG, checked as if its author had written it; null for none, and for one that cannot
 * be used. `subject` begins what is said of it.
 */
export function compileSchedule(
  given: unknown,
  { timezone, deadlines }: Pick<Manifest, "timezone" | "deadlines">,
  subject: string,
  problems: Problem[],
): ScheduleSpec | null {
  const report = reporter(problems, subject, () => undefined);
  const schedule = scheduleSpec(given, timezone, report);
  if (schedule !== null) checkDeadlines(deadlines, schedule, report);
  return schedule;
}

interface Known {
  /** Each DAG and the file that gave it first. */
  readonly dags: Map<DagDefinition, string>;
  readonly ids: Map<unknown, DagDefinition>;
  /** DAGs whose options throw when they are looked at. */
  readonly unreadable: Set<DagDefinition>;
  /** Those without errors of their own. */
  readonly compiled: CompiledDag[];
  readonly pools: KnownPools;
}

interface Compiling extends CompiledModule {
  readonly exports: object;
  readonly problems: Problem[];
}

function compileOne({ file, exports, codeHash = "" }: DagModule, known: Known): Compiling {
  const problems: Problem[] = [];
  const manifests: Manifest[] = [];
  const dags = exportedDags(exports);
  if (dags.length === 0) {
    const report = reporter(problems, file, () => ({ file, line: 1, column: 1 }));
    report("DAG017", "it exports no dag", { help: 'write `export default dag("name", { tasks: [...] })`' });
  }
  for (const dag of dags) {
    if (known.dags.has(dag)) continue; // Exported again by a file that imports it.
    known.dags.set(dag, file);
    const before = problems.length;
    const manifest = compileReadable(dag, { file, codeHash, known, problems });
    reportDuplicate(dag, file, known, problems);
    if (manifest === undefined || problems.slice(before).some(({ level }) => level === "error")) continue;
    manifests.push(manifest);
    known.compiled.push({ dag, manifest, file, problems });
  }
  return { file, exports, manifests, problems };
}

interface CompileDeps {
  readonly file: string;
  readonly codeHash: string;
  readonly known: Known;
  readonly problems: Problem[];
}

/** Options may have getters, and getters may throw. */
function compileReadable(dag: DagDefinition, { file, codeHash, known, problems }: CompileDeps): Manifest | undefined {
  try {
    return compileDag(dag, { file, codeHash, pools: known.pools }, problems);
  } catch (error) {
    known.unreadable.add(dag);
    const report = reporter(problems, `dag '${String(dag.id)}'`, () => placeOf(dag.site, file));
    report("DAG005", `its options cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function reportDuplicate(dag: DagDefinition, file: string, known: Known, problems: Problem[]): void {
  const first = known.ids.get(dag.id);
  if (first === undefined) {
    known.ids.set(dag.id, dag);
    return;
  }
  const elsewhere = known.dags.get(first) ?? file;
  const place = placeOf(first.site, elsewhere) ?? { file: elsewhere, line: 1, column: 1 };
  const report = reporter(problems, `dag '${String(dag.id)}'`, () => placeOf(dag.site, file));
  report("DAG002", `${elsewhere === file ? "another dag in this file" : `a dag in ${elsewhere}`} has the same id`, {
    labels: [{ at: place, text: "the first one" }],
    help: "give one of them another id",
  });
}

function reportUnused(modules: readonly Compiling[], { dags, unreadable }: Known): void {
  const exported = modules.flatMap((module) =>
    Object.entries(module.exports).flatMap(([name, value]: readonly [string, unknown]) => {
      const task = taskDefinition(value);
      return task === undefined ? [] : [{ ...module, name, task }];
    }),
  );
  if (exported.length === 0) return;
  const used = new Set<TaskDefinition>();
  for (const dag of dags.keys()) if (!unreadable.has(dag)) for (const task of membersOf(dag)) used.add(task);
  for (const { name, task, file, problems } of exported) {
    if (used.has(task)) continue;
    const report = reporter(problems, `task '${String(task.id)}'`, () => placeOf(task.site, file));
    const help = "add it to the `tasks` of a dag, or do not export it";
    report("DAG016", `it is exported as '${name}', but no dag uses it`, { level: "warning", help });
  }
}
