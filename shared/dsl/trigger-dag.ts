/** A task that starts a run of another DAG. */
import type { ChildFailurePolicy, TriggerRule } from "../core/manifest.ts";
import type { JsonObject } from "../core/json.ts";
import type { Nothing, TaskContext } from "./context.ts";
import type { Dag } from "./dag.ts";
import { asTask, callSite } from "./definition.ts";
import type { Duration } from "./options.ts";
import type { ParamsGiven, ParamsOf, ParamsSchema } from "./params.ts";
import type { Common, Inputs, NamedUpstreams, Plain, Task } from "./task.ts";

/** What a child run is given: of a DAG that is named by its id alone, anything. */
type Given<Child> = Child extends Dag<string, infer Schema> ? ParamsGiven<Schema> : JsonObject;

/** The params themselves, or a function of the context that gives them. */
type With<Child, Context> = Given<Child> | ((ctx: Context) => Given<Child> | Promise<Given<Child>>);

/** Needs not be written where the DAG takes no params, or has a default for each. */
type WithOption<Child, Context> =
  Nothing extends Given<Child> ? { readonly with?: With<Child, Context> } : { readonly with: With<Child, Context> };

export interface TriggerDagOptions<Child, From, Rule extends TriggerRule, Schema> extends Omit<
  Common<From, Rule, Schema>,
  "timeout"
> {
  /** The DAG, or its id where its file cannot be imported. */
  readonly dag: Child;
  /** Whether the task waits for the child run's end, and ends as it does; default true. It holds no worker meanwhile. */
  readonly wait?: boolean;
  /**
   * What becomes of the task if the child run fails or is cancelled: it fails too (default), succeeds all the same, or is
   * skipped.
   */
  readonly onChildFailure?: ChildFailurePolicy;
  /** How long it waits; then it cancels the child run, and fails. By default it waits as long as the child run takes. */
  readonly timeout?: Duration;
}

/** Which child run it was. */
export interface ChildRun {
  readonly dagId: string;
  readonly runId: string;
}

/**
 * A task that starts a run of another DAG with the params that `with` gives, and waits for its end unless told otherwise. A
 * retry starts a new child run; whoever cancels the waiting task cancels the child run too.
 */
export function triggerDag<
  const Id extends string,
  Child extends Dag | string,
  From extends NamedUpstreams = Nothing,
  Rule extends TriggerRule = "all_success",
  Schema extends ParamsSchema | undefined = undefined,
>(
  id: Id,
  options: TriggerDagOptions<Child, From, Rule, Schema> &
    WithOption<Child, TaskContext<Inputs<Id, { [Name in keyof From]: Plain<From[Name]> }, Rule>, ParamsOf<Schema>>>,
): Task<Id, ChildRun> {
  return asTask({
    id,
    kind: "task",
    role: "work",
    mapped: false,
    triggers: true,
    options: options as unknown as Readonly<Record<string, unknown>>,
    site: callSite(triggerDag),
  });
}
