/** When a file that came or changed is complete: nobody tells, so it is once it has stayed the same for a while. */

/** How long a file stays the same before it is taken to be complete. */
export const STABLE_MS = 300;
/** The same for an empty file: more often than others it is one that will be written. */
export const STABLE_EMPTY_MS = 1_000;
/**
 * The same for a file whose name, place or rights were changed after its content: moved into place, as our own writes
 * and careful programs do, or copied with its times, which comes last.
 */
export const STABLE_MOVED_MS = 30;
/** Files that are looked at in one go; the others come after whatever else waits. */
const LOOKS_MAX = 500;

/** What tells one state of a file from another. Times in nanoseconds since 1970. */
export interface FileStamp {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** Names this content of this file: changes when it is written or replaced, and not when its rights or links do. */
export const versionOfStamp = ({ ino, size, mtimeNs }: FileStamp): string => `${mtimeNs}-${ino}-${size}`;

export interface SettlingOptions {
  /** The file as it is now; undefined if there is none. */
  look(path: string): FileStamp | undefined;
  /** Milliseconds since 1970, by the clock that stamps files. */
  now(): number;
  /** Once for each version of a file. */
  onSettled(path: string, stamp: FileStamp): void;
  readonly stableMs?: number;
}

export interface Settling {
  /** The file came, changed or was found. */
  noticed(path: string): void;
  /** The file is gone: if it comes again, that is news. */
  gone(path: string): void;
  /** What was settled did not reach anybody: it will be settled again. */
  forget(path: string): void;
  /** Files that are not settled yet. */
  size(): number;
  close(): void;
}

interface Candidate {
  version: string;
  /** When this version was first seen. */
  since: number;
  /** When to look again. */
  next: number;
}

interface State {
  readonly options: SettlingOptions;
  readonly candidates: Map<string, Candidate>;
  /** The version of each file that was settled last. */
  readonly settled: Map<string, string>;
  timer: NodeJS.Timeout | undefined;
}

export function createSettling(options: SettlingOptions): Settling {
  const state: State = { options, candidates: new Map(), settled: new Map(), timer: undefined };
  return {
    noticed(path) {
      if (state.candidates.has(path)) return;
      state.candidates.set(path, { version: "", since: 0, next: 0 });
      schedule(state);
    },
    gone(path) {
      state.candidates.delete(path);
      state.settled.delete(path);
    },
    forget: (path) => void state.settled.delete(path),
    size: () => state.candidates.size,
    close() {
      state.candidates.clear();
      clearTimeout(state.timer);
    },
  };
}

function schedule(state: State): void {
  if (state.timer !== undefined || state.candidates.size === 0) return;
  let next = Number.POSITIVE_INFINITY;
  for (const candidate of state.candidates.values()) next = Math.min(next, candidate.next);
  state.timer = setTimeout(
    () => {
      state.timer = undefined;
      lookAtDue(state);
      schedule(state);
    },
    Math.max(0, next - state.options.now()),
  );
}

function lookAtDue(state: State): void {
  const now = state.options.now();
  let looks = 0;
  for (const [path, candidate] of state.candidates) {
    if (candidate.next > now) continue;
    if (++looks > LOOKS_MAX) return;
    lookAt(state, path, candidate, now);
  }
}

function lookAt(state: State, path: string, candidate: Candidate, now: number): void {
  const stamp = state.options.look(path);
  if (stamp === undefined) return void state.candidates.delete(path);
  const version = versionOfStamp(stamp);
  if (state.settled.get(path) === version) return void state.candidates.delete(path);
  if (version !== candidate.version) Object.assign(candidate, { version, since: sinceWhen(stamp, now) });
  candidate.next = candidate.since + quietMs(stamp, state.options.stableMs ?? STABLE_MS);
  if (candidate.next > now) return;
  state.candidates.delete(path);
  state.settled.set(path, version);
  state.options.onSettled(path, stamp);
}

const NS_PER_MS = 1_000_000n;
const changedMs = ({ mtimeNs, ctimeNs }: FileStamp): number =>
  Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / NS_PER_MS);

/** Since the file says it is as it is: one that has lain there need not be waited for. It may not say tomorrow. */
const sinceWhen = (stamp: FileStamp, now: number): number => Math.min(changedMs(stamp), now);

function quietMs({ size, mtimeNs, ctimeNs }: FileStamp, stableMs: number): number {
  if (size === 0n) return Math.max(stableMs, STABLE_EMPTY_MS);
  return ctimeNs > mtimeNs ? Math.min(stableMs, STABLE_MOVED_MS) : stableMs;
}
