/**
 * Notices when a file, as it is loaded, asks for the hour, for chance or for the environment. The functions that tell are
 * replaced in this process; they do the same as before, and look who called.
 */
import nodeCrypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { LoadCode } from "./codes.ts";

/** Frames looked at for the author's own: enough to pass through what Node puts between. */
const FRAMES_MAX = 12;

export interface FoundPlace {
  /** As the stack has it: a file URL or a path. */
  readonly address: string;
  readonly line: number;
  readonly column: number;
}

export interface Impurity {
  readonly code: LoadCode;
  /** `Date.now()`. */
  readonly what: string;
  readonly at: FoundPlace;
}

export interface ImpurityWatch {
  /** From now on calls count ... */
  start(): void;
  /** ... until here; returns what was found, each place once. */
  stop(): readonly Impurity[];
}

type AnyFunction = (...args: unknown[]) => unknown;

/** Call once a process. `isAuthors` tells whether a file is the author's: not Freshet's, and no package's. */
export function watchImpurities(isAuthors: (address: string) => boolean): ImpurityWatch {
  let watching = false;
  const found = new Map<string, Impurity>();
  const note = (code: LoadCode, what: string, direct = false): void => {
    if (!watching) return;
    const at = callerPlace(isAuthors, direct);
    if (at !== undefined) found.set(`${code} ${at.address}:${at.line}:${at.column}`, { code, what, at });
  };
  watchClock(note);
  watchChance(note);
  watchEnvironment(note);
  return {
    start() {
      found.clear();
      watching = true;
    },
    stop() {
      watching = false;
      return [...found.values()];
    },
  };
}

type Note = (code: LoadCode, what: string, direct?: boolean) => void;

/** Replaces a function by one that takes note; whoever has it keeps `this` and gets the same result. */
function wrap(owner: object, name: string, code: LoadCode, note: Note, shown: string): void {
  const original = (owner as Record<string, unknown>)[name] as AnyFunction;
  const noting = function (this: unknown, ...args: unknown[]): unknown {
    note(code, `${shown}()`);
    return Reflect.apply(original, this, args);
  };
  Object.defineProperties(noting, Object.getOwnPropertyDescriptors(original));
  Object.defineProperty(owner, name, { value: noting, configurable: true, writable: true, enumerable: true });
}

function watchClock(note: Note): void {
  const RealDate = Date;
  wrap(RealDate, "now", "LOAD010", note, "Date.now");
  globalThis.Date = new Proxy(RealDate, {
    construct(target, args: unknown[], newTarget) {
      if (args.length === 0) note("LOAD010", "new Date()");
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply(target) {
      note("LOAD010", "Date()");
      return target();
    },
  });
  RealDate.prototype.constructor = globalThis.Date;
  wrap(performance, "now", "LOAD010", note, "performance.now");
  wrap(process.hrtime, "bigint", "LOAD010", note, "process.hrtime.bigint");
  wrap(process, "hrtime", "LOAD010", note, "process.hrtime");
}

function watchChance(note: Note): void {
  wrap(Math, "random", "LOAD011", note, "Math.random");
  for (const name of ["randomUUID", "getRandomValues"]) {
    wrap(globalThis.crypto, name, "LOAD011", note, `crypto.${name}`);
  }
  for (const name of ["randomUUID", "randomBytes", "randomInt", "randomFillSync"]) {
    wrap(nodeCrypto, name, "LOAD011", note, `crypto.${name}`);
  }
  syncBuiltinESMExports(); // `import { randomUUID } from "node:crypto"` gets the new ones.
}

/** What Node itself asks for again and again as it loads modules. */
const NODES_OWN = /^(?:NODE_|WATCH_REPORT_)/;

function watchEnvironment(note: Note): void {
  const shown = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? `process.env.${name}` : "process.env");
  process.env = new Proxy(process.env, {
    get(target, name) {
      if (typeof name === "string" && !NODES_OWN.test(name)) note("LOAD012", shown(name), true);
      return Reflect.get(target, name) as unknown;
    },
    has(target, name) {
      if (typeof name === "string") note("LOAD012", shown(name), true);
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      note("LOAD012", "process.env", true);
      return Reflect.ownKeys(target);
    },
  });
}

/**
 * The author's place that called, if the author did: a package or Freshet may ask what it likes. Node's own frames are
 * passed over, unless `direct`: what Node itself reads from the environment while it works for the author is not theirs.
 */
function callerPlace(isAuthors: (address: string) => boolean, direct: boolean): FoundPlace | undefined {
  const { stackTraceLimit } = Error;
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = FRAMES_MAX;
  Error.prepareStackTrace = (_error, sites) => sites;
  Error.captureStackTrace(holder, callerPlace);
  const sites = holder.stack as readonly NodeJS.CallSite[];
  if (before === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
  else Object.defineProperty(Error, "prepareStackTrace", before);
  Error.stackTraceLimit = stackTraceLimit;
  for (const site of sites) {
    const address = site.getFileName();
    if (typeof address !== "string" || address === import.meta.url) continue;
    if (address.startsWith("node:") && !direct) continue;
    if (!isAuthors(address)) return undefined;
    return { address, line: site.getLineNumber() ?? 1, column: site.getColumnNumber() ?? 1 };
  }
  return undefined;
}
