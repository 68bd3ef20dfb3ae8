/** What people and other systems do while everything is being killed: drop files, start runs, cancel them, edit pipelines. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../../shared/simulated/random.ts";
import { freshet, type Said } from "./freshet.ts";
import type { Place } from "./place.ts";

const PAUSE_MS = [50, 400] as const;
const COMMANDS_AT_ONCE = 2;
const COMMAND_MS = 600;
const KILLED_SHARE = 0.15;
/** Slower than a file that is written in one go, quicker than a file is taken to be complete. */
const PART_MS = 60;
/** A file that is older has been noticed, or will be as it was. */
const OVERWRITE_AFTER_MS = 5_000;
const NAMES = ["orders", "with space", "plus+percent%20", "hash#mark", "größe", "two..dots", "quote'"] as const;

export interface Dropped {
  readonly key: string;
  /** No two files here have the same size. */
  readonly size: number;
  /** Overwritten since: the version that was there before may never have been seen. */
  overwritten: boolean;
}

export interface Unrest {
  readonly dropped: readonly Dropped[];
  /** Ids of runs that were promised. */
  readonly triggered: readonly string[];
  /** Ids of runs whose cancellation was promised. */
  readonly cancelled: readonly string[];
  /** By key: the ids of the runs that a trigger with that key named. */
  readonly keyed: ReadonlyMap<string, ReadonlySet<string>>;
  /** Commands that failed for no reason that they should have. */
  readonly refused: readonly string[];
  /** Resolves once everything that was begun has been done. */
  stop(): Promise<void>;
}

interface State {
  readonly place: Place;
  readonly dice: Random;
  readonly dropped: (Dropped & { readonly at: number })[];
  readonly triggered: string[];
  readonly cancelled: string[];
  readonly keyed: Map<string, Set<string>>;
  readonly refused: string[];
  readonly commands: Set<Promise<void>>;
  edits: number;
}

export function startUnrest(place: Place, dice: Random): Unrest {
  const state: State = {
    place,
    dice,
    dropped: [],
    triggered: [],
    cancelled: [],
    keyed: new Map(),
    refused: [],
    commands: new Set(),
    edits: 0,
  };
  const end = new AbortController();
  const going = go(state, end.signal);
  return {
    ...state,
    async stop() {
      end.abort();
      await going;
      await Promise.all(state.commands);
    },
  };
}

async function go(state: State, signal: AbortSignal): Promise<void> {
  const { dice } = state;
  const pause = async (): Promise<void> =>
    delay(dice.integer(...PAUSE_MS), undefined, { signal }).catch(() => undefined);
  for (; !signal.aborted; await pause()) {
    const act = dice.weighted<(own: State) => Promise<void> | void>([
      [10, drop],
      [2, overwrite],
      [5, command(trigger)],
      [3, command(cancel)],
      [1, edit],
    ]);
    await act(state);
  }
}

const command =
  (act: (state: State) => Promise<void>) =>
  (state: State): void => {
    if (state.commands.size >= COMMANDS_AT_ONCE) return;
    const done = act(state).finally(() => state.commands.delete(done));
    state.commands.add(done);
  };

const bucketOf = ({ project }: Place): string => join(project.home.buckets, "chaos", "in");

async function drop(state: State): Promise<void> {
  const n = state.dropped.length;
  const key = `in/${state.dice.pick(NAMES)}-${n}.csv`;
  await putFile(state, key, n + 100);
  state.dropped.push({ key, size: n + 100, overwritten: false, at: Date.now() });
}

async function overwrite(state: State): Promise<void> {
  const old = state.dropped.filter(({ overwritten, at }) => !overwritten && at + OVERWRITE_AFTER_MS < Date.now());
  if (old.length === 0) return;
  const before = state.dice.pick(old);
  const size = state.dropped.length + 100;
  await putFile(state, before.key, size);
  before.overwritten = true;
  state.dropped.push({ key: before.key, size, overwritten: false, at: Date.now() });
}

async function putFile({ place, dice }: State, key: string, size: number): Promise<void> {
  const folder = bucketOf(place);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, key.slice("in/".length));
  const content = "x".repeat(size);
  const way = dice.weighted([
    [3, "moved"],
    [3, "written"],
    [1, "slowly"],
  ] as const);
  if (way === "moved") {
    const aside = join(place.folder, "aside.csv");
    writeFileSync(aside, content);
    renameSync(aside, path);
  } else if (way === "written") writeFileSync(path, content);
  else {
    writeFileSync(path, content.slice(0, 50));
    await delay(PART_MS);
    appendFileSync(path, content.slice(50, 75));
    await delay(PART_MS);
    appendFileSync(path, content.slice(75));
  }
}

async function trigger(state: State): Promise<void> {
  const { dice, place } = state;
  const dag = dice.weighted([
    [3, "asked_project"],
    [1, "asked_stuck"],
  ] as const);
  const key = dice.chance(0.3) ? `${dag}-${dice.integer(1, 10)}` : undefined;
  const said = await freshet(place, ["trigger", dag, ...(key === undefined ? [] : ["--key", key])], killAfterMs(dice));
  if (said.code === null) return; // Killed: it promised nothing.
  if (said.code !== 0) return void state.refused.push(`trigger ${dag}: ${textOf(said)}`);
  const { runId } = JSON.parse(said.out) as { readonly runId: string };
  state.triggered.push(runId);
  if (key !== undefined) state.keyed.set(key, new Set([...(state.keyed.get(key) ?? []), runId]));
}

async function cancel(state: State): Promise<void> {
  const { dice, place, triggered, cancelled } = state;
  const recent = triggered.slice(-6).filter((id) => !cancelled.includes(id));
  if (recent.length === 0) return;
  const id = dice.pick(recent);
  const said = await freshet(place, ["cancel", id], killAfterMs(dice));
  if (said.code === 0) cancelled.push(id);
  else if (said.code !== null && !/RUN_(ENDED|ENDING)/.test(textOf(said)))
    state.refused.push(`cancel ${id}: ${textOf(said)}`);
}

/** Some commands are killed too, at any moment of the time that they take. */
const killAfterMs = (dice: Random): number | undefined =>
  dice.chance(KILLED_SHARE) ? dice.integer(0, COMMAND_MS) : undefined;

const textOf = ({ code, out, err }: Said): string => `exit ${code}: ${out}${err}`.trim();

/** A new version of the pipelines that are started by hand; runs in flight keep theirs. */
function edit(state: State): void {
  const path = join(state.place.project.dagsDir, "asked.dag.ts");
  const written = readFileSync(path, "utf8").replace(/\/\/ edited \d+\n$/, "");
  writeFileSync(path, `${written}// edited ${++state.edits}\n`);
}
