/** An operator's hand on runs and DAGs. */
import { operateDag, operateRun } from "../../../shared/app/operate.ts";
import type { Engine } from "../../../shared/app/engine.ts";
import { FreshetError } from "../../../shared/core/errors.ts";
import { dagId } from "../../../shared/core/ids.ts";
import type { RunAction, TaskSelection } from "../../../shared/core/operation.ts";
import type { Expansion, Run } from "../../../shared/core/run.ts";
import { isRunEnded, TASK_STATES } from "../../../shared/core/states.ts";
import type { World } from "../world.ts";
import type { Action } from "../world/plan.ts";

type Insist = (what: string, work: (engine: Engine) => Promise<void>) => void;
type ByHand = Extract<Action, { type: "hand" }>;

const SIGNED = { by: "operator", reason: "by hand" } as const;

/** Of the acts on a mapped task: those on one of its instances. */
const OF_INSTANCES = 0.6;
/** Of the runs that are moved: those with instances, first in records of their own, if there are any. */
const OF_MAPPED = 0.6;

const oneOf = <Item>(items: readonly Item[], pick: number): Item | undefined => items[Math.floor(pick * items.length)];

export interface Hand {
  act(action: ByHand): void;
  /** Nothing stays paused. */
  resumeAll(): void;
}

/** Whoever is told that tasks are at work holds the run, and comes back. */
const COME_BACK_MS = 600_000;
const COME_BACK_MAX = 3;

export function handOf({ database, kernel }: World, insist: Insist): Hand {
  const runs = (): readonly Run[] => [...database.runs.rows.values()].map(({ value }) => value);
  const onRun = (run: Run, action: RunAction): void =>
    insist(`${action.type} ${run.runId}`, async (engine) => {
      await operateRun(engine, { runId: run.runId, action, ...SIGNED });
    });
  /** With the newest version of its DAG. */
  const onMoved = (run: Run, action: RunAction, again = 0): void =>
    insist(`${action.type} ${run.runId} with the newest version`, async (engine) => {
      try {
        await operateRun(engine, { runId: run.runId, action, ...SIGNED, latest: true });
      } catch (error) {
        if (!(error instanceof FreshetError) || error.code !== "RUN_IN_FLIGHT" || again === COME_BACK_MAX) throw error;
        kernel.after(COME_BACK_MS, () => onMoved(run, action, again + 1));
        await operateRun(engine, { runId: run.runId, action: { type: "pause", tasks: [] }, ...SIGNED });
      }
    });
  const onDag = (id: string, type: "pause" | "resume"): void =>
    insist(`${type} ${id}`, async (engine) => {
      await operateDag(engine, { dagId: dagId(id), action: { type }, ...SIGNED });
    });

  const act = ({ what, dagId: id, pick, task }: ByHand): void => {
    if (what === "pause_dag" || what === "resume_dag") return onDag(id, what === "pause_dag" ? "pause" : "resume");
    // Chunks are changed with the run that they belong to.
    const all = runs().filter((run) => isChosen(run, what) && run.origin.kind !== "chunk");
    if (what.startsWith("move")) return moveOne(all, { what, dagId: id, pick, task });
    // Who pauses does so since something goes wrong, over and over.
    const troubled = what === "pause" ? all.filter(isTriedAgain) : [];
    const run = oneOf(troubled.length > 0 ? troubled : all, pick);
    if (run !== undefined) onRun(run, actionOf(what, namesOf(run, task)));
  };

  /** First of the runs of that DAG which have another version than the newest; often of those with instances. */
  const moveOne = (all: readonly Run[], { what, dagId: id, pick, task }: Omit<ByHand, "type">): void => {
    const newest = database.dags.rows.get(dagId(id))?.value.version;
    const behind = all.filter((run) => run.dagId === id && run.version !== newest);
    const mapped = task < OF_MAPPED ? behind.filter(({ tasks }) => tasks.expansions.length > 0) : [];
    const wide = mapped.filter(({ tasks }) => tasks.expansions.some(isWide));
    const run = oneOf([wide, mapped, behind, all].find(({ length }) => length > 0) ?? [], pick);
    if (run === undefined) return;
    const { expansions } = run.tasks;
    const expansion = expansions.find(isWide) ?? (mapped.length > 0 ? oneOf(expansions, task / OF_MAPPED) : undefined);
    const named = expansion && database.manifest(run.version).tasks[expansion.slot];
    if (named !== undefined) {
      const mapIndex = Math.floor(pick * (expansion?.length ?? 0));
      // All of it would make the map anew.
      return onMoved(run, actionOf(what === "move_all" ? "move" : what, [{ taskId: named.taskId, mapIndex }]));
    }
    // Some tasks of the newer version are not there yet, some of the older no more.
    const version = pick < 0.5 ? newest : undefined;
    onMoved(run, actionOf(what, namesOf(version === undefined ? run : { ...run, version }, task)));
  };

  /** A task; of one with instances more often one of these. */
  const namesOf = ({ version, tasks: table }: Run, task: number): TaskSelection["tasks"] => {
    const { tasks } = database.manifest(version);
    const slot = Math.floor(task * tasks.length);
    const named = tasks[slot];
    if (named === undefined) return [];
    const length = table.expansions.find((expansion) => expansion.slot === slot)?.length ?? 0;
    const rest = task * tasks.length - slot;
    const mapIndex = rest < OF_INSTANCES && length > 0 ? Math.floor((rest / OF_INSTANCES) * length) : null;
    return [{ taskId: named.taskId, mapIndex }];
  };

  return {
    act,
    resumeAll() {
      for (const { value } of database.dags.rows.values()) if (value.paused !== null) onDag(value.dagId, "resume");
      for (const run of runs()) if (run.pauses.length > 0) onRun(run, { type: "resume", tasks: [] });
    },
  };
}

const isWide = ({ chunks }: Expansion): boolean => chunks !== undefined;

/** Clears are for any run, the rest for those that are under way; what is resumed has been paused. */
function isChosen(run: Run, what: ByHand["what"]): boolean {
  if (what === "resume") return run.pauses.length > 0;
  return /^(clear|move|mark)/.test(what) || !isRunEnded(run.state);
}

const isTriedAgain = ({ tasks }: Run): boolean => tasks.states.some((state) => TASK_STATES[state] === "up_for_retry");

function actionOf(what: ByHand["what"], tasks: TaskSelection["tasks"]): RunAction {
  const selection = { tasks, upstream: false, downstream: false, onlyFailed: false };
  switch (what) {
    case "clear_failed":
    case "move_failed":
      return { type: "clear", selection: { ...selection, tasks: [], onlyFailed: true } };
    case "clear_below":
    case "move_below":
      return { type: "clear", selection: { ...selection, downstream: true } };
    case "clear_all":
    case "move_all":
      return { type: "clear", selection: { ...selection, tasks: [] } };
    case "mark_success":
    case "mark_failed":
      return { type: "mark", to: what === "mark_success" ? "success" : "failed", selection };
    case "retry":
      return { type: "retry_now", selection: { ...selection, tasks: [] } };
    case "pause":
      return { type: "pause", tasks: [] };
    case "pause_task":
      return { type: "pause", tasks };
    case "resume":
      return { type: "resume", tasks: [] };
    default:
      return { type: "clear", selection };
  }
}
