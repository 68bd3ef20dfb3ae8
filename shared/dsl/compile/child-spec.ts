/** What a task made by `triggerDag()` says of its child run, and DAGs that wait for each other. */
import { idFault, type DagId } from "../../core/ids.ts";
import { CHILD_FAILURE_POLICIES, type ChildSpec, type Manifest } from "../../core/manifest.ts";
import { didYouMean, type Problem } from "../../core/problem.ts";
import { dagDefinition, isRecord, optionsOf, type DagDefinition, type TaskDefinition } from "../definition.ts";
import { membersOf } from "../members.ts";
import { anything, flag, oneOf } from "./option.ts";
import { reporter, shown, type Reporter } from "./report.ts";
import { placeOf } from "./source-place.ts";

/** Options that only a task has which starts a run of another DAG. */
export const CHILD_ONLY = {
  dag: anything,
  with: anything,
  wait: flag,
  onChildFailure: oneOf(CHILD_FAILURE_POLICIES),
} as const;

interface ChildRead {
  readonly wait?: boolean;
  readonly onChildFailure?: ChildSpec["onFailure"];
  /** In milliseconds. */
  readonly timeout?: number;
}

export function childSpec(task: TaskDefinition, options: ChildRead, report: Reporter): ChildSpec {
  const { wait = true, onChildFailure, timeout } = options;
  const given = optionsOf(task)["with"];
  if (given !== undefined && typeof given !== "function" && !isRecord(given))
    report("DAG022", `with is ${shown(given)}, expected an object of params, or a function that gives one`);
  if (!wait && onChildFailure !== undefined)
    report("DAG022", "onChildFailure is given, but it does not wait for the child run", {
      help: "remove it, or `wait: false`",
    });
  if (!wait && timeout !== undefined)
    report("DAG022", "timeout is given, but it does not wait for the child run", {
      help: "remove it, or `wait: false`",
    });
  return {
    dagId: dagIdOf(task, report),
    wait,
    onFailure: onChildFailure ?? "fail",
    waitMs: wait ? (timeout ?? null) : null,
  };
}

function dagIdOf(task: TaskDefinition, report: Reporter): DagId {
  const given = optionsOf(task)["dag"];
  const id = dagDefinition(given)?.id ?? given;
  if (typeof id !== "string") {
    const help = "write `dag: load`, where `load` is what `dag()` returned, or the id of a DAG";
    report("DAG022", `dag is ${shown(given)}, expected the DAG to start`, { help });
    return "" as DagId;
  }
  const fault = idFault("dag", id);
  if (fault !== undefined) report("DAG022", `dag is ${shown(id)}; an id that ${fault} is no DAG's`);
  return id as DagId;
}

/** A compiled DAG, and where it was written. */
export interface CompiledDag {
  readonly dag: DagDefinition;
  readonly manifest: Manifest;
  readonly file: string;
  readonly problems: Problem[];
}

interface Waiting {
  readonly from: CompiledDag;
  readonly taskId: string;
  readonly to: DagId;
}

/** What only shows when all DAGs are known: ids that are nearly right, and DAGs that wait for each other, which are returned. */
export function checkChildren(dags: readonly CompiledDag[]): ReadonlySet<Manifest> {
  const known = dags.map(({ manifest }) => manifest.dagId);
  for (const compiled of dags) {
    for (const { taskId, child } of compiled.manifest.tasks) {
      if (child === null || known.includes(child.dagId)) continue;
      const hint = didYouMean(child.dagId, known);
      if (hint === "") continue; // It may be registered from elsewhere.
      const report = reporterOf(compiled, taskId);
      report("DAG022", `no file has the dag '${child.dagId}'${hint}`, { level: "warning" });
    }
  }
  const cycles = waitingCycles(dags);
  for (const cycle of cycles) {
    // Once in each file: none of them is right.
    const files = cycle.map(({ from }) => from.file);
    for (const [index, file] of files.entries())
      if (files.indexOf(file) === index) reportCycle([...cycle.slice(index), ...cycle.slice(0, index)]);
  }
  return new Set(cycles.flat().map(({ from }) => from.manifest));
}

function reportCycle(cycle: readonly Waiting[]): void {
  const [first] = cycle;
  if (first === undefined) return;
  const names = [...cycle, first].map(({ from, taskId }) => `${from.manifest.dagId}.${taskId}`);
  const report = reporterOf(first.from, first.taskId);
  const labels = cycle.slice(1).flatMap(({ from, taskId }) => {
    const at = placeOf(siteOf(from, taskId), from.file);
    return at === undefined ? [] : [{ at, text: `'${taskId}' of dag '${from.manifest.dagId}'` }];
  });
  report("DAG023", `runs would wait for each other: ${names.join(" → ")}`, {
    labels,
    help: "start one of them with `wait: false`, or take it out",
  });
}

const siteOf = ({ dag }: CompiledDag, taskId: string): TaskDefinition["site"] =>
  membersOf(dag).find((task) => task.id === taskId)?.site ?? dag.site;

const reporterOf = (compiled: CompiledDag, taskId: string): Reporter =>
  reporter(compiled.problems, `dag '${compiled.manifest.dagId}': task '${taskId}'`, () =>
    placeOf(siteOf(compiled, taskId), compiled.file),
  );

/** Each round of DAGs of which every one waits for the next, once; one for each DAG that is in any. */
function waitingCycles(dags: readonly CompiledDag[]): readonly (readonly Waiting[])[] {
  const edges = new Map<string, readonly Waiting[]>(
    dags.map((from) => [
      from.manifest.dagId,
      from.manifest.tasks.flatMap(({ taskId, child }) =>
        child?.wait === true ? [{ from, taskId, to: child.dagId }] : [],
      ),
    ]),
  );
  const cycles: (readonly Waiting[])[] = [];
  const covered = new Set<string>();
  for (const { manifest } of dags) {
    const cycle = covered.has(manifest.dagId) ? undefined : shortestWayRound(manifest.dagId, edges);
    if (cycle === undefined) continue;
    for (const { from } of cycle) covered.add(from.manifest.dagId);
    cycles.push(cycle);
  }
  return cycles;
}

/** Breadth first, from a DAG to itself. */
function shortestWayRound(
  start: string,
  edges: ReadonlyMap<string, readonly Waiting[]>,
): readonly Waiting[] | undefined {
  const seen = new Set<string>();
  let ways: (readonly Waiting[])[] = (edges.get(start) ?? []).map((edge) => [edge]);
  while (ways.length > 0) {
    const next: (readonly Waiting[])[] = [];
    for (const way of ways) {
      const to = way.at(-1)?.to ?? start;
      if (to === start) return way;
      if (seen.has(to)) continue;
      seen.add(to);
      for (const edge of edges.get(to) ?? []) next.push([...way, edge]);
    }
    ways = next;
  }
  return undefined;
}
