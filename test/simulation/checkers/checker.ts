/** What a checker is, and the judge that calls them all. */
import type { Dispatch } from "../../../shared/core/attempt.ts";
import type { Deeds } from "../actors/operators.ts";
import type { Database } from "../../../shared/simulated/database.ts";
import type {
  AttemptChange,
  BackfillChange,
  CodeStart,
  DagChange,
  PoolChange,
  Published,
  RunChange,
  Sent,
  Watch,
} from "../../../shared/simulated/watch.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { movesOf, type Move } from "./move.ts";

/** Counts that there was something to check; a text is what went wrong if the condition does not hold. */
export type Expect = (holds: boolean, text: () => string) => void;

/** What checkers may look at besides the change itself. */
export interface Seen {
  readonly database: Database;
  readonly ledger: Ledger;
}

/** When everything has come to rest. */
export interface Rest extends Seen {
  readonly now: number;
  readonly faultsStoppedAt: number;
  readonly deeds: Deeds;
  readonly openMessages: number;
  readonly deadLetters: number;
  /** Every dispatch that its queue gave up on. */
  readonly deadDispatches: readonly Dispatch[];
}

/** A promise, and the function that shows whether it is kept. `says` is what it asserts, as a sentence. */
export interface Checker {
  readonly promise: string;
  readonly says: string;
  readonly run?: (change: RunChange, moves: readonly Move[], seen: Seen, expect: Expect) => void;
  readonly dag?: (change: DagChange, seen: Seen, expect: Expect) => void;
  readonly pool?: (change: PoolChange, seen: Seen, expect: Expect) => void;
  readonly backfill?: (change: BackfillChange, seen: Seen, expect: Expect) => void;
  readonly attempt?: (change: AttemptChange, seen: Seen, expect: Expect) => void;
  readonly code?: (start: CodeStart, seen: Seen, expect: Expect) => void;
  readonly sent?: (sent: Sent, seen: Seen, expect: Expect) => void;
  readonly published?: (published: Published, seen: Seen, expect: Expect) => void;
  /** Faults have been over for a while; schedules still fire. */
  readonly settled?: (rest: Rest, expect: Expect) => void;
  /** Nothing is asked for any more, and all has come to rest. */
  readonly atRest?: (rest: Rest, expect: Expect) => void;
  /** Promises about the engine's own conduct: what must never happen at all. */
  readonly never?: "faulted" | "floating";
}

export interface Violation {
  readonly promise: string;
  readonly says: string;
  readonly text: string;
  /** True time. */
  readonly at: number;
}

export interface Judge extends Watch {
  readonly ledger: Ledger;
  readonly violation: Violation | undefined;
  /** How often each checker had something to check. */
  readonly checked: ReadonlyMap<string, number>;
  judge(when: "settled" | "atRest", rest: Omit<Rest, "ledger" | "database">): void;
  /** Something that no checker looks for. */
  convict(promise: string, says: string, text: string): void;
}

interface Parts {
  readonly database: () => Database;
  readonly now: () => number;
  readonly checkers: readonly Checker[];
  readonly onRun?: (change: RunChange, moves: readonly Move[]) => void;
  readonly onDag?: (change: DagChange) => void;
  readonly onPool?: (change: PoolChange) => void;
  readonly onAttempt?: (change: AttemptChange) => void;
}

interface Hooked<Change> {
  readonly check: (change: Change, seen: Seen, expect: Expect) => void;
  readonly expect: Expect;
}

export function createJudge({ database, now, checkers, onRun, onDag, onPool, onAttempt }: Parts): Judge {
  const ledger = createLedger();
  // Millions of them: a number to count each with, and no text to look it up by.
  const tallies: { readonly says: string; times: number }[] = [];
  let violation: Violation | undefined;
  const seen = (): Seen => ({ database: database(), ledger });
  const expectOf = (checker: Checker): Expect => {
    const { promise, says } = checker;
    const tally = { says, times: 0 };
    tallies.push(tally);
    return (holds, text) => {
      tally.times += 1;
      if (!holds) violation ??= { promise, says, text: text(), at: now() };
    };
  };
  const all = checkers.map((checker) => ({ checker, expect: expectOf(checker) }));
  const withHook = <Hook extends keyof Checker>(hook: Hook) =>
    all.flatMap(({ checker, expect }) => {
      const check = checker[hook];
      return check === undefined ? [] : [{ check, expect }];
    });
  const [ofRun, ofDag, ofPool, ofAttempt] = [withHook("run"), withHook("dag"), withHook("pool"), withHook("attempt")];
  const ofBackfill = withHook("backfill");
  const [ofCode, ofSent, ofPublished] = [withHook("code"), withHook("sent"), withHook("published")];
  const checkAll = <Change>(hooks: readonly Hooked<Change>[], change: Change): void => {
    const world = seen();
    for (const { check, expect } of hooks) check(change, world, expect);
  };
  const convict: Judge["convict"] = (promise, says, text) => {
    violation ??= { promise, says, text, at: now() };
  };
  /** A checker that throws has found something too; the process whose call it watches must not see it. */
  const guarded = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      convict("?", "checkers do not throw", error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  };
  const neverHappens = (what: Checker["never"], text: string): void => {
    for (const { checker, expect } of all) if (checker.never === what) expect(false, () => text);
  };
  return {
    ledger,
    get checked() {
      const checked = new Map<string, number>();
      for (const { says, times } of tallies) if (times > 0) checked.set(says, (checked.get(says) ?? 0) + times);
      return checked;
    },
    get violation() {
      return violation;
    },
    runChanged: (change) =>
      guarded(() => {
        const { before, after } = change;
        const isTakenOver = before !== undefined && before.version !== after.version;
        const moves = isTakenOver ? movesOf(change, database().manifest(before.version)) : movesOf(change);
        const world = seen();
        for (const { check, expect } of ofRun) check(change, moves, world, expect);
        ledger.noteRun(change, moves);
        onRun?.(change, moves);
      }),
    dagChanged: (change) =>
      guarded(() => {
        checkAll(ofDag, change);
        ledger.noteDag(change);
        onDag?.(change);
      }),
    poolChanged: (change) =>
      guarded(() => {
        checkAll(ofPool, change);
        onPool?.(change);
      }),
    backfillChanged: (change) =>
      guarded(() => {
        checkAll(ofBackfill, change);
      }),
    attemptChanged: (change) =>
      guarded(() => {
        checkAll(ofAttempt, change);
        onAttempt?.(change);
      }),
    codeStarted: (start) =>
      guarded(() => {
        checkAll(ofCode, start);
        ledger.codeStarts += 1;
      }),
    sent: (sent) =>
      guarded(() => {
        checkAll(ofSent, sent);
      }),
    published: (published) =>
      guarded(() => {
        checkAll(ofPublished, published);
        ledger.notePublished(published);
      }),
    faulted: (fault) => neverHappens("faulted", `${fault.kind} '${fault.id}': ${fault.code} ${fault.message}`),
    leftFloating: (process) => neverHappens("floating", `${process} called a port after its work had returned`),
    judge: (when, rest) =>
      guarded(() => {
        for (const { checker, expect } of all) {
          checker[when]?.({ ...rest, database: database(), ledger }, expect);
          // That it never happened was checked all along.
          if (when === "atRest" && checker.never !== undefined) expect(true, () => "");
        }
      }),
    convict,
  };
}
