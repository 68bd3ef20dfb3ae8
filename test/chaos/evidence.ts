/** What a storm leaves behind, read once everything has ended. */
import { openStores, type Stores } from "../../cli/home/stores.ts";
import { loadFiles } from "../../shared/app/files.ts";
import type { ArrivedObject, AttemptItem } from "../../shared/core/attempt.ts";
import type { DagRecord } from "../../shared/core/dag/record.ts";
import { planOf, type Plan, type PlannedTask } from "../../shared/core/plan.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Run } from "../../shared/core/run.ts";
import { stateOf } from "../../shared/core/run/draft.ts";
import type { TaskState } from "../../shared/core/states.ts";
import { RUN_PAGE_MAX } from "../../shared/ports/run-store.ts";
import type { JournalLine } from "./dags/lib/journal-line.ts";
import { leftProcesses, readJournal, type LeftProcess, type Place } from "./place.ts";
import type { Storm } from "./storm.ts";

/** A task instance of a run, with all that is known of it. */
export interface TaskEvidence {
  readonly run: Run;
  readonly planned: PlannedTask;
  readonly task: string;
  readonly state: TaskState;
  /** The current attempt; 0: none ever. */
  readonly attempt: number;
  /** Of attempt n at n - 1; undefined where there is none. */
  readonly items: readonly (AttemptItem | undefined)[];
  /** In the order in which they were written. */
  readonly lines: readonly JournalLine[];
}

export interface RunEvidence {
  readonly run: Run;
  readonly plan: Plan;
  /** By slot. */
  readonly tasks: readonly TaskEvidence[];
  readonly files: readonly ArrivedObject[];
}

export interface DagEvidence {
  readonly dag: DagRecord;
  readonly manifest: Manifest;
  readonly runs: readonly RunEvidence[];
}

export interface Evidence {
  readonly storm: Storm;
  readonly dags: readonly DagEvidence[];
  readonly runs: readonly RunEvidence[];
  readonly journal: readonly JournalLine[];
  /** Processes that outlived everything. */
  readonly left: readonly LeftProcess[];
}

export async function gather(place: Place, storm: Storm): Promise<Evidence> {
  const journal = readJournal(place);
  const stores = openStores(place.project.home);
  try {
    const lines = Map.groupBy(journal, ({ run, task }) => `${run}#${task}`);
    const runs: RunEvidence[] = [];
    for await (const run of allRuns(stores)) runs.push(await runEvidence(stores, run, lines));
    const dags = await Promise.all(
      (await stores.dags.list()).map(async (dag) => ({
        dag,
        manifest: await manifestOf(stores, dag.version),
        runs: runs.filter(({ run }) => run.dagId === dag.dagId),
      })),
    );
    return { storm, dags, runs, journal, left: leftProcesses(place) };
  } finally {
    await stores.close();
  }
}

async function* allRuns({ runs }: Stores): AsyncGenerator<Run> {
  for (let after: string | undefined; ;) {
    const page = await runs.list({ limit: RUN_PAGE_MAX, ...(after === undefined ? {} : { after }) });
    yield* page.runs;
    after = page.next;
    if (after === undefined) return;
  }
}

async function manifestOf({ dags }: Stores, hash: DagRecord["version"]): Promise<Manifest> {
  const version = await dags.loadVersion(hash);
  if (version === undefined) throw new Error(`version ${hash} is gone`);
  return version.manifest;
}

async function runEvidence(
  stores: Stores,
  run: Run,
  lines: ReadonlyMap<string, readonly JournalLine[]>,
): Promise<RunEvidence> {
  const plan = planOf(await manifestOf(stores, run.version));
  const items = new Map<string, (AttemptItem | undefined)[]>();
  for (const { key, item } of await stores.attempts.list(run.runId)) {
    const known = items.get(key.taskId) ?? [];
    known[key.attempt - 1] = item;
    items.set(key.taskId, known);
  }
  const tasks = plan.tasks.map((planned): TaskEvidence => {
    const task = planned.spec.taskId;
    return {
      run,
      planned,
      task,
      state: stateOf(run.tasks, planned.slot),
      attempt: run.tasks.attempts[planned.slot] ?? 0,
      items: items.get(task) ?? [],
      lines: lines.get(`${run.runId}#${task}`) ?? [],
    };
  });
  return { run, plan, tasks, files: await loadFiles(stores.blobs, run.files) };
}
