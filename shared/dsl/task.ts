/** Tasks. An upstream is a value: its output reaches the consumer with its type. */
import type { TaskKind, TriggerRule } from "../core/manifest.ts";
import type { HookEvent, MapContext, Nothing, TaskContext } from "./context.ts";
import { asOptional, asTask, callSite, type TaskRole } from "./definition.ts";
import type { Misuse, OutputCheck } from "./json-type.ts";
import type { Ownership, TaskDefaults } from "./options.ts";
import type { ParamsOf, ParamsSchema } from "./params.ts";
import type { PoolUse } from "./pool.ts";

declare const output: unique symbol;
declare const asks: unique symbol;

/** A task of a DAG, and a handle on its output for the tasks after it. */
export interface Task<Id extends string = string, Out = unknown> {
  readonly id: Id;
  readonly role: TaskRole;
  /** Only a type. */
  readonly [output]?: () => Out;
}

/** What the function of a task asks for: for those who try it alone. */
export interface Asking<Asked> {
  /** Only a type. */
  readonly [asks]?: () => Asked;
}

/** What a task's function is given by its DAG, for those who want to try it alone. */
export interface Given<In, Params> {
  readonly inputs: In;
  readonly params: Params;
}

export interface SetupTask<Id extends string = string, Out = unknown> extends Task<Id, Out> {
  readonly role: "setup";
}

/** An upstream that need only be done, however it ended. */
export interface Optional<Id extends string = string, Out = unknown> {
  readonly optional: Task<Id, Out>;
}

export type Upstream = Task | Optional;
export type NamedUpstreams = { readonly [name: string]: Upstream };

type OutputOf<From> = From extends Task<string, infer Out> ? Settled<Out> : never;
/** A function that gives nothing gives undefined. */
type Settled<Out> = Out extends void ? undefined : Out;

/** An upstream without what its own function asks for: the compiler's messages would tell all of it, and of what is above. */
export type Plain<From> =
  From extends Optional<infer Id, infer Out>
    ? Optional<Id, Out>
    : From extends Task<infer Id, infer Out>
      ? Task<Id, Out>
      : From;

/** What the inputs of task `Id` hold. Under a rule that lets it run after a failure or a skip, each may be missing. */
export type Inputs<_Id extends string, From, Rule extends TriggerRule = "all_success"> = {
  readonly [Name in keyof From]: From[Name] extends Optional<string, infer Out>
    ? Settled<Out> | undefined
    : OutputOf<From[Name]> | (Rule extends "all_success" ? never : undefined);
};

type Hook<Schema> = (event: HookEvent, ctx: TaskContext<Nothing, ParamsOf<Schema>>) => void | Promise<void>;

export interface Common<From, Rule extends TriggerRule, Schema> extends TaskDefaults, Ownership {
  /** Tasks whose outputs this one takes, by the names it knows them under. */
  readonly inputs?: From;
  /** Tasks that come before this one without giving it anything. */
  readonly after?: readonly Upstream[];
  /** Waits until this task has succeeded, or was skipped, in the run of the schedule before. */
  readonly dependsOnPast?: boolean;
  /** As `dependsOnPast`, and until the tasks directly after it have done so in that run, too. */
  readonly waitForDownstream?: boolean;
  /** The hours in which it may start, on the DAG's clock: `{ from: "22:00", to: "06:00" }`. Retries wait for them, too. */
  readonly allowedHours?: { readonly from: string; readonly to: string };
  /** When to run, by how the upstream tasks ended; default `"all_success"`. */
  readonly rule?: Rule;
  /** The DAG's schema of params, if the task reads them. */
  readonly params?: Schema;
  /** Pools that an instance takes slots of while it is at work: `[warehouse]`, `[{ pool: warehouse, slots: 2 }]`. */
  readonly pools?: readonly PoolUse[];
  /** Of tasks that wait for slots, the highest comes first; default 1. The DAG's `priorityRule` adds to it. */
  readonly priority?: number;
  /** Instances of this task that may be at work at once, in all runs together. */
  readonly maxActive?: number;
  readonly onSuccess?: Hook<Schema>;
  readonly onFailure?: Hook<Schema>;
  readonly onRetry?: Hook<Schema>;
}

type GivenTo<Id extends string, From, Rule extends TriggerRule, Schema> = Given<
  Inputs<Id, { [Name in keyof From]: Plain<From[Name]> }, Rule>,
  ParamsOf<Schema>
>;

type Run<Id extends string, From, Rule extends TriggerRule, Schema, Result> = (
  ctx: TaskContext<Inputs<Id, { [Name in keyof From]: Plain<From[Name]> }, Rule>, ParamsOf<Schema>>,
) => Result | Promise<Result>;

export interface TaskOptions<Id extends string, From, Out, Rule extends TriggerRule, Schema> extends Common<
  From,
  Rule,
  Schema
> {
  /** The work. What it returns is the task's output: JSON, or nothing. */
  readonly run: Run<Id, From, Rule, Schema, Out>;
}

/**
 * A task. Its output is what `run` returns, and may be anything that JSON can carry.
 * What is wrong with the options is told when the file is loaded, all of it together.
 */
export function task<
  const Id extends string,
  From extends NamedUpstreams = Nothing,
  Out = void,
  Rule extends TriggerRule = "all_success",
  Schema extends ParamsSchema | undefined = undefined,
>(
  id: Id & OutputCheck<Id, Out>,
  options: TaskOptions<Id, From, Out, Rule, Schema>,
): Task<Id, Out> & Asking<GivenTo<Id, From, Rule, Schema>> {
  return make("task", "work", id, options, task);
}

/** A task that makes something which a teardown takes down again. */
export function setup<
  const Id extends string,
  From extends NamedUpstreams = Nothing,
  Out = void,
  Rule extends TriggerRule = "all_success",
  Schema extends ParamsSchema | undefined = undefined,
>(
  id: Id & OutputCheck<Id, Out>,
  options: TaskOptions<Id, From, Out, Rule, Schema>,
): SetupTask<Id, Out> & Asking<GivenTo<Id, From, Rule, Schema>> {
  return make("task", "setup", id, options, setup);
}

export interface TeardownOptions<Id extends string, From, Out, Rule extends TriggerRule, Schema> extends TaskOptions<
  Id,
  From,
  Out,
  Rule,
  Schema
> {
  /** The setups that it takes down. */
  readonly of: readonly SetupTask[];
  /** Its failure fails the run, instead of degrading it. */
  readonly failRun?: boolean;
}

/**
 * Takes down what setups made, whether the work between them succeeded or not, if any of the setups succeeded. It waits for
 * every task that comes after its setups; `after` need not name them.
 */
export function teardown<
  const Id extends string,
  From extends NamedUpstreams = Nothing,
  Out = void,
  Rule extends TriggerRule = "all_done_setup_success",
  Schema extends ParamsSchema | undefined = undefined,
>(
  id: Id & OutputCheck<Id, Out>,
  options: TeardownOptions<Id, From, Out, Rule, Schema>,
): Task<Id, Out> & Asking<GivenTo<Id, From, Rule, Schema>> {
  return make("task", "teardown", id, options, teardown);
}

declare const mapped: unique symbol;

/** A task that runs once for each item of a list. Its output is the list of what its instances gave, without nulls. */
export interface MappedTask<Id extends string = string, Out = unknown> extends Task<
  Id,
  readonly Exclude<Out, null | undefined | void>[]
> {
  /** Only a type. */
  readonly [mapped]?: true;
}

/** What an instance of a mapped task is given besides, and what it gives. */
export interface GivenItem<Item, Out> {
  readonly item: Item;
  readonly gives: Out;
}

/** The items of a list that a task gives: those that are not null. */
type ItemOf<Over> =
  Over extends Task<string, infer List> ? (List extends readonly (infer Item)[] ? Exclude<Item, null> : never) : never;

/** `unknown` if the task gives a list that can be mapped; otherwise a type that says what to do. */
type OverCheck<Over> =
  Over extends Task<infer Id, infer List>
    ? typeof mapped extends keyof Over
      ? Misuse<`'${Id}' is mapped itself: put a task between them that takes its results and gives a list`>
      : [List] extends [readonly unknown[]]
        ? unknown
        : Misuse<`'${Id}' gives no list: a task can be mapped over a list only`>
    : unknown;

export interface MapOptions<Id extends string, Over, From, Out, Rule extends TriggerRule, Schema> extends Common<
  From,
  Rule,
  Schema
> {
  /** The task whose list gives the items; nulls in it are passed over. An empty list skips the task. */
  readonly over: Over & OverCheck<Over>;
  /** Names the instance of an item; no two may have the same name. Without it instances have an index alone. */
  readonly key?: (item: ItemOf<Over>) => string;
  /** A longer list fails the task; default 10,000. */
  readonly limit?: number;
  /** Instances at work at once; by default as many as there are executors. */
  readonly concurrency?: number;
  /** Failed instances with which the task succeeds still: `{ count: 3 }`, or `{ share: 0.05 }` of all. Default: none. */
  readonly tolerance?: { readonly count: number } | { readonly share: number };
  /** The work on one item. What it returns is one of the task's results, unless it is null. */
  readonly run: (
    ctx: MapContext<ItemOf<Over>, Inputs<Id, { [Name in keyof From]: Plain<From[Name]> }, Rule>, ParamsOf<Schema>>,
  ) => Out | Promise<Out>;
}

/**
 * A task that runs once for each item of another task's list, each time as an instance with attempts, retries and logs of
 * its own. The tasks after it take the list of results, in the order of the items.
 */
export function map<
  const Id extends string,
  Over extends Task,
  From extends NamedUpstreams = Nothing,
  Out = void,
  Rule extends TriggerRule = "all_success",
  Schema extends ParamsSchema | undefined = undefined,
>(
  id: Id & OutputCheck<Id, Out>,
  options: MapOptions<Id, Over, From, Out, Rule, Schema>,
): MappedTask<Id, Out> & Asking<GivenItem<ItemOf<Over>, Out> & GivenTo<Id, From, Rule, Schema>> {
  return make("task", "work", id, options, map);
}

/** Which of the direct children run: tasks, or their ids; null or an empty list: none. */
export type Choice<Name extends string = string> = Task | Name | readonly (Task | Name)[] | null;

export interface BranchOptions<
  Id extends string,
  From,
  Name extends string,
  Rule extends TriggerRule,
  Schema,
> extends Common<From, Rule, Schema> {
  /** The ids that `run` chooses from: the compiler then knows them. */
  readonly choices?: readonly Name[];
  /** Gives the direct children to run; the others are skipped, but for those that also come after a chosen one. */
  readonly run: Run<Id, From, Rule, Schema, Choice<NoInfer<Name>>>;
}

/** A task that chooses which of its direct children run. It has no output. */
export function branch<
  const Id extends string,
  From extends NamedUpstreams = Nothing,
  const Name extends string = string,
  Rule extends TriggerRule = "all_success",
  Schema extends ParamsSchema | undefined = undefined,
>(
  id: Id,
  options: BranchOptions<Id, From, Name, Rule, Schema>,
): Task<Id, undefined> & Asking<GivenTo<Id, From, Rule, Schema>> {
  return make("branch", "work", id, options, branch);
}

export interface ShortCircuitOptions<Id extends string, From, Rule extends TriggerRule, Schema> extends Common<
  From,
  Rule,
  Schema
> {
  /** Whether the direct children run; if not, they are skipped. */
  readonly run: Run<Id, From, Rule, Schema, boolean>;
}

/** A task that says whether its direct children run. It has no output. */
export function shortCircuit<
  const Id extends string,
  From extends NamedUpstreams = Nothing,
  Rule extends TriggerRule = "all_success",
  Schema extends ParamsSchema | undefined = undefined,
>(
  id: Id,
  options: ShortCircuitOptions<Id, From, Rule, Schema>,
): Task<Id, undefined> & Asking<GivenTo<Id, From, Rule, Schema>> {
  return make("shortCircuit", "work", id, options, shortCircuit);
}

/**
 * An upstream that need only be done: its output is undefined where it did not succeed, and the run is then degraded. A task
 * that all its consumers take so may fail without failing the run.
 */
export function optional<Id extends string, Out>(upstream: Task<Id, Out>): Optional<Id, Out> {
  return asOptional(upstream);
}

function make<Value>(
  kind: TaskKind,
  role: TaskRole,
  id: unknown,
  options: object,
  callee: (...args: never) => unknown,
): Value {
  return asTask({
    id,
    kind,
    role,
    mapped: callee === map,
    triggers: false,
    options: options as Readonly<Record<string, unknown>>,
    site: callSite(callee),
  });
}
