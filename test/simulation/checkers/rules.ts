/** The trigger rules as the table of the documentation has them; nothing here comes from the engine. */
import type { TaskSpec, TriggerRule } from "../../../shared/core/manifest.ts";
import type { TaskState } from "../../../shared/core/states.ts";
import type { Graph } from "./graph.ts";

interface Tally {
  /** Upstream instances: all, success, skipped, failed, upstream_failed, done. */
  readonly U: number;
  readonly S: number;
  readonly K: number;
  readonly F: number;
  readonly X: number;
  readonly D: number;
}

interface Row {
  readonly run: (n: Tally) => boolean;
  readonly skipped?: (n: Tally) => boolean;
  readonly failed?: (n: Tally) => boolean;
}

const done = ({ D, U }: Tally): boolean => D >= U;
const broken = ({ F, X }: Tally): boolean => F + X > 0;

/** What may be decided, given what is done so far. Something is upstream. */
const TABLE: Readonly<Record<TriggerRule, Row>> = {
  all_success: {
    run: (n) => n.S === n.U,
    skipped: (n) => done(n) && n.K > 0 && !broken(n),
    failed: broken,
  },
  all_failed: { run: (n) => n.F + n.X === n.U, skipped: (n) => n.S + n.K > 0 },
  all_done: { run: done },
  all_done_min_one_success: {
    run: (n) => done(n) && n.S > 0,
    skipped: (n) => n.K === n.U,
    failed: (n) => done(n) && n.S === 0 && broken(n),
  },
  all_skipped: { run: (n) => n.K === n.U, skipped: (n) => n.S > 0 || broken(n) },
  one_success: {
    run: (n) => n.S > 0,
    skipped: (n) => n.K === n.U,
    failed: (n) => done(n) && n.S === 0 && broken(n),
  },
  one_failed: { run: broken, skipped: (n) => done(n) && !broken(n) },
  one_done: { run: (n) => n.S + n.F > 0, skipped: (n) => done(n) && n.S + n.F === 0 },
  none_failed: { run: (n) => n.S + n.K === n.U, failed: broken },
  none_failed_min_one_success: {
    run: (n) => n.S + n.K === n.U && n.S > 0,
    skipped: (n) => n.K === n.U,
    failed: broken,
  },
  none_skipped: { run: (n) => done(n) && n.K === 0, skipped: (n) => n.K > 0 },
  always: { run: () => true },
  all_done_setup_success: {
    run: (n) => done(n) && n.S > 0,
    skipped: (n) => n.K === n.U,
    failed: (n) => done(n) && n.S === 0 && broken(n),
  },
};

export interface States {
  (taskId: string): TaskState;
  /** A task as rules count it: a mapped one as its instances, unless it tolerates failures. */
  readonly counted: (taskId: string) => readonly TaskState[];
}
/** The children that a gate chose; undefined: it did not choose among them. */
export type Chosen = (taskId: string) => readonly string[] | undefined;

function tally(ids: readonly string[], states: States): Tally {
  const all = ids.flatMap((id) => states.counted(id));
  const of = (state: TaskState): number => all.filter((each) => each === state).length;
  const [S, K, F, X] = [of("success"), of("skipped") + of("removed"), of("failed"), of("upstream_failed")];
  return { U: all.length, S, K, F, X, D: S + K + F + X };
}

export type Verdict = "run" | "skipped" | "upstream_failed";

/** Whether the task may now be decided so. */
export function mayBe(verdict: Verdict, task: TaskSpec, graph: Graph, states: States, chosen: Chosen): boolean {
  const gates = graph.gates(task);
  if (!allDone(gates, states)) return false;
  const passedOver = gates.some((gate) => {
    const names = states(gate) === "success" ? chosen(gate) : undefined;
    return names !== undefined && !names.includes(task.taskId);
  });
  if (passedOver) return verdict === "skipped";
  if (isTeardown(task)) return mayTeardownBe(verdict, task, graph, states);
  const setups = tally(graph.setupsAbove(task), states);
  const own = tally(graph.required(task), states);
  const says = (wanted: Verdict): boolean => holds(wanted, "all_success", setups) || holds(wanted, task.rule, own);
  switch (verdict) {
    case "upstream_failed":
      return says("upstream_failed");
    case "skipped":
      // upstream_failed outranks it, and must not be possible any more.
      return says("skipped") && !couldFail("all_success", setups) && !couldFail(task.rule, own);
    default:
      return (
        holds("run", "all_success", setups) &&
        holds("run", task.rule, own) &&
        allDone([...graph.optional(task), ...givesTheList(task, graph)], states)
      );
  }
}

/** What a mapped task is mapped over; a chunk knows nothing of it. */
const givesTheList = ({ map }: TaskSpec, graph: Graph): readonly string[] =>
  map === null || graph.task(map.over) === undefined ? [] : [map.over];

const isTeardown = (task: TaskSpec): boolean => task.role === "teardown" && task.rule === "all_done_setup_success";

/** A teardown waits for everything above it, and asks only whether a setup succeeded. */
function mayTeardownBe(verdict: Verdict, task: TaskSpec, graph: Graph, states: States): boolean {
  const setups = tally(task.setups, states);
  if (verdict !== "run") return task.setups.length > 0 && holds(verdict, task.rule, setups);
  const above = [...graph.required(task), ...graph.optional(task), ...task.setups];
  return allDone(above, states) && (task.setups.length === 0 || holds("run", task.rule, setups));
}

const allDone = (ids: readonly string[], states: States): boolean => done(tally(ids, states));

/** Whether it would be upstream_failed if everything that is still open failed. */
const couldFail = (rule: TriggerRule, n: Tally): boolean =>
  holds("upstream_failed", rule, { ...n, F: n.F + n.U - n.D, D: n.U });

function holds(verdict: Verdict, rule: TriggerRule, n: Tally): boolean {
  if (n.U === 0) return verdict === "run";
  const row = TABLE[rule];
  if (verdict === "run") return row.run(n);
  return (verdict === "skipped" ? row.skipped : row.failed)?.(n) ?? false;
}
