/** What a type of output has that JSON cannot carry, found by the compiler, with the way out. */

type Plain = string | number | boolean | null;
type Code = (...args: never) => unknown;
type IsAny<T> = 0 extends 1 & T ? true : false;
/** Absent members are no trouble; a member that is there and undefined would vanish. */
type Member<T, Key extends keyof T> = {} extends Pick<T, Key> ? Exclude<T[Key], undefined> : T[Key];

/** What an object may be taken for that JSON would turn into something else. */
type Special =
  | Code
  | Date
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBufferView
  | PromiseLike<unknown>
  | { toJSON(): unknown };

/** `T` again where JSON carries all of it. Never computes a path, so that types that contain themselves stay cheap. */
type Sound<T> =
  IsAny<T> extends true
    ? never
    : T extends Plain
      ? T
      : T extends bigint | symbol | undefined | Special
        ? never
        : T extends readonly (infer Item)[]
          ? readonly Sound<Item>[] // Not by the mapped type, which would look into lists of lists without end.
          : { [Key in keyof T]: Sound<Member<T, Key>> };

/** `never`: fine; `undefined`: look inside. */
type LeafFault<T> =
  IsAny<T> extends true
    ? "any: give it a type"
    : unknown extends T
      ? "unknown: give it a type"
      : T extends Plain
        ? never
        : T extends bigint
          ? "a bigint: use toString()"
          : T extends symbol
            ? "a symbol"
            : T extends undefined
              ? "undefined: use null, or leave it out"
              : T extends Special
                ? SpecialFault<T>
                : undefined;

type SpecialFault<T> = T extends Date
  ? "a Date: use toISOString()"
  : T extends ReadonlyMap<unknown, unknown>
    ? "a Map: use Object.fromEntries()"
    : T extends ReadonlySet<unknown>
      ? "a Set: use an array"
      : T extends ArrayBufferView
        ? "bytes: stage them as a file"
        : T extends PromiseLike<unknown>
          ? "a promise: await it"
          : T extends Code
            ? "a function"
            : "a class: use its toJSON()";

/** Deeper faults are found when the task runs. */
type DEPTH_MAX = 6;

type FaultAt<T, Path extends string, Depth extends readonly 0[] = []> = Depth["length"] extends DEPTH_MAX
  ? never
  : T extends unknown
    ? LeafFault<T> extends infer Leaf
      ? [Leaf] extends [never]
        ? never
        : Leaf extends string
          ? `${Path} is ${Leaf}`
          : T extends readonly (infer Item)[]
            ? FaultAt<Item, `${Path}[]`, [...Depth, 0]>
            : {
                [Key in keyof T & string]-?: FaultAt<Member<T, Key>, `${Path}.${Key}`, [...Depth, 0]>;
              }[keyof T & string]
      : never
    : never;

type Checked<T> = [T] extends [Sound<T>] ? never : FaultAt<T, "output">;

/** Shows in the compiler's message; no value has this type. */
export interface Misuse<Message extends string> {
  readonly misuse: Message;
}

/** `unknown` if the output can be passed on; otherwise a type that says which task gives what, and what to do. */
export type OutputCheck<Id extends string, Out> =
  IsAny<Out> extends true
    ? Misuse<`task '${Id}': output is any: give it a type`>
    : unknown extends Out
      ? Misuse<`task '${Id}': output is unknown: give it a type`>
      : Checked<Exclude<Out, undefined | void>> extends infer Fault
        ? [Fault] extends [never]
          ? unknown
          : Fault extends string
            ? Misuse<`task '${Id}': ${Fault}`>
            : never
        : never;
