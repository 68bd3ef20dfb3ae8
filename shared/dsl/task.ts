/** Tasks. An upstream is a value: its output reaches the consumer with its type. */
import type { TaskKind, TriggerRule } from "../core/manifest.ts";
import type { HookEvent, Nothing, TaskContext } from "./context.ts";
import { asOptional, asTask, callSite, type TaskRole } from "./definition.ts";
import type { OutputCheck } from "./json-type.ts";
import type { Ownership, TaskDefaults } from "./options.ts";
import type { ParamsOf, ParamsSchema } from "./params.ts";

declare const output: unique symbol;

/** A task of a DAG, and a handle on its output for the tasks after it. */
export interface Task<Id extends string = string, Out = unknown> {
  readonly id: Id;
  readonly role: TaskRole;
  /** Only a type. */
  readonly [output]?: () => Out;
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

/** What the inputs of task `Id` hold. Under a rule that lets it run after a failure or a skip, each may be missing. */
export type Inputs<_Id extends string, From, Rule extends TriggerRule = "all_success"> = {
  readonly [Name in keyof From]: From[Name] extends Optional<string, infer Out>
    ? Settled<Out> | undefined
    : OutputOf<From[Name]> | (Rule extends "all_success" ? never : undefined);
};

type Hook<Schema> = (event: HookEvent, ctx: TaskContext<Nothing, ParamsOf<Schema>>) => void | Promise<void>;

interface Common<From, Rule extends TriggerRule, Schema> extends TaskDefaults, Ownership {
  /** Tasks whose outputs this one takes, by the names it knows them under. */
  readonly inputs?: From;
  /** Tasks that come before this one without giving it anything. */
  readonly after?: readonly Upstream[];
  /** When to run, by how the upstream tasks ended; default `"all_success"`. */
  readonly rule?: Rule;
  /** The DAG's schema of params, if the task reads them. */
  readonly params?: Schema;
  readonly onSuccess?: Hook<Schema>;
  readonly onFailure?: Hook<Schema>;
  readonly onRetry?: Hook<Schema>;
}

type Run<Id extends string, From, Rule extends TriggerRule, Schema, Result> = (
  ctx: TaskContext<Inputs<Id, From, Rule>, ParamsOf<Schema>>,
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
>(id: Id & OutputCheck<Id, Out>, options: TaskOptions<Id, From, Out, Rule, Schema>): Task<Id, Out> {
  return make("task", "work", id, options, task);
}

/** A task that makes something which a teardown takes down again. */
export function setup<
  const Id extends string,
  From extends NamedUpstreams = Nothing,
  Out = void,
  Rule extends TriggerRule = "all_success",
  Schema extends ParamsSchema | undefined = undefined,
>(id: Id & OutputCheck<Id, Out>, options: TaskOptions<Id, From, Out, Rule, Schema>): SetupTask<Id, Out> {
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
>(id: Id & OutputCheck<Id, Out>, options: TeardownOptions<Id, From, Out, Rule, Schema>): Task<Id, Out> {
  return make("task", "teardown", id, options, teardown);
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
>(id: Id, options: BranchOptions<Id, From, Name, Rule, Schema>): Task<Id, undefined> {
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
>(id: Id, options: ShortCircuitOptions<Id, From, Rule, Schema>): Task<Id, undefined> {
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
  return asTask({ id, kind, role, options: options as Readonly<Record<string, unknown>>, site: callSite(callee) });
}
