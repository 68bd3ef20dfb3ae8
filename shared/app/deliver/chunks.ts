/** Chunks of wide maps: put with ids that follow from what they are part of, and given what is the same for all of them. */
import type { Dispatch, InstanceAttempts, MapItem, OutputRef, UpstreamOutput } from "../../core/attempt.ts";
import type { RunCommand, RunEvent } from "../../core/events.ts";
import { UNMAPPED } from "../../core/ids.ts";
import { manifestOf } from "../../core/plan.ts";
import type { Run, RunEffect } from "../../core/run.ts";
import { chunkRunId } from "../../core/run-id.ts";
import { newChunk } from "../../core/run/chunk.ts";
import { attemptPairs } from "../../core/run/instances.ts";
import { migrate } from "../../core/run/migrate.ts";
import { isRunEnded } from "../../core/states.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { toRun, type Addressed, type Replies } from "../addressed.ts";

import type { Engine } from "../engine.ts";
import { readSmallItems } from "../attempt/list-output.ts";
import { contextOf } from "../attempt/run-context.ts";
import type { Hand } from "../hand.ts";

type Order = Extract<RunEffect, { kind: "chunk_order" }>;

/** Puts the chunk if there is none yet, and tells it what it may do. */
export async function orderChunk(
  engine: Engine,
  parent: Run,
  effect: Order,
  replies: Replies & { readonly onApplied: Addressed },
): Promise<Addressed> {
  const id = chunkRunId(parent.runId, effect.expansion, effect.index);
  const ordered = toRun(id, { type: "chunk_ordered", order: effect.order, version: parent.version }, replies);
  // One that has heard an order is there; only a first one may have to make it.
  if (effect.order.number > 1 && (await engine.runs.load(id)) !== undefined) return ordered;
  const { manifest } = await engine.versions(parent.version);
  const chunk = newChunk(parent, manifest, effect, engine.clock.now());
  if (chunk === undefined) return replies.onApplied;
  await engine.runs.create(chunk, engine.ids.commitId());
  engine.crashPoint("start:put-run");
  return ordered;
}

/** A chunk goes on with the version of its run: what was cleared runs by that. Only what has ended was taken over. */
export function handOfParent(engine: Engine, events: readonly RunEvent[]): Hand<Run> | undefined {
  const ordered = events.findLast((event) => event.type === "chunk_ordered");
  const { order, version } = ordered ?? {};
  if (order === undefined || version === undefined) return undefined;
  return {
    prepare: async (chunk) => {
      const isNews = order.number > (chunk.chunk?.order.number ?? 0);
      if (chunk.version === version || !isNews || !isRunEnded(chunk.state)) return chunk;
      const [from, to] = await Promise.all([engine.versions(chunk.version), engine.versions(version)]);
      return migrate(chunk, manifestOf(chunk, from.manifest), manifestOf(chunk, to.manifest), version);
    },
    audit: () => Promise.resolve(undefined),
  };
}

type DispatchCommand = Extract<RunCommand, { type: "dispatch" }>;

/** What the dispatches of a chunk have in common, which its parent knows; undefined: the parent waits for other instances. */
export async function chunkContext(
  engine: Engine,
  run: Run,
  version: DagVersion,
): Promise<
  | { readonly context: Dispatch["run"]; readonly item: MapItem; readonly upstream: readonly UpstreamOutput[] }
  | undefined
> {
  const { origin } = run;
  if (origin.kind !== "chunk") return undefined;
  const parent = (await engine.runs.load(origin.parent))?.value;
  const expansion = parent?.tasks.expansions.find(({ number }) => number === origin.number);
  const over = version.manifest.tasks.find(({ taskId }) => taskId === origin.taskId)?.map?.over;
  if (parent === undefined || expansion === undefined || over === undefined) return undefined;
  const attempt = expansion.list;
  const [given] = await engine.attempts.read([{ runId: parent.runId, taskId: over, mapIndex: UNMAPPED, attempt }]);
  const list: OutputRef | undefined =
    given?.status === "finished" && given.outcome.kind === "success" ? given.outcome.output : undefined;
  return {
    context: { ...contextOf(parent, await engine.versions(parent.version)), epoch: run.epoch },
    item: { over, attempt, length: expansion.length, ...(list === undefined ? {} : { list }) },
    upstream: await resolved(engine, expansion.inputs ?? []),
  };
}

/**
 * The dispatches with their items, as far as these are small: instances that are sent together read their items together. What
 * cannot be read now the executors read themselves.
 */
export async function withItems(
  engine: Engine,
  dispatches: readonly DispatchCommand[],
): Promise<readonly DispatchCommand[]> {
  const list = dispatches[0]?.item?.list;
  if (dispatches.length < 2 || list?.kind !== "list") return dispatches;
  const indexes = dispatches.flatMap(({ key, item }) => (item?.list === list ? [key.mapIndex] : []));
  const items = await readSmallItems(engine.blobs, list.key, Math.min(...indexes), Math.max(...indexes)).catch(
    () => undefined,
  );
  return dispatches.map((dispatch) => {
    const value = dispatch.item?.list === list ? items?.get(dispatch.key.mapIndex) : undefined;
    if (value === undefined || dispatch.item === undefined) return dispatch;
    const { list: _list, ...item } = dispatch.item;
    return { ...dispatch, item: { ...item, value } };
  });
}

/** The dispatches with the attempts of chunks that their inputs come from: those only the chunks themselves know. */
export async function withChunkAttempts(
  engine: Engine,
  dispatches: readonly DispatchCommand[],
): Promise<readonly DispatchCommand[]> {
  if (!dispatches.some(({ upstream }) => upstream.some(isUnresolved))) return dispatches;
  return Promise.all(
    dispatches.map(async (dispatch) => ({ ...dispatch, upstream: await resolved(engine, dispatch.upstream) })),
  );
}

const isUnresolved = ({ instances = [] }: UpstreamOutput): boolean =>
  instances.some(({ attempts }) => attempts.length === 0);

const resolved = (engine: Engine, upstream: readonly UpstreamOutput[]): Promise<readonly UpstreamOutput[]> =>
  Promise.all(
    upstream.map(async (from) => {
      if (from.instances === undefined || !isUnresolved(from)) return from;
      return { ...from, instances: await Promise.all(from.instances.map((part) => resolvedPart(engine, part))) };
    }),
  );

async function resolvedPart(engine: Engine, part: InstanceAttempts): Promise<InstanceAttempts> {
  const tasks = (await engine.runs.load(part.runId))?.value.tasks;
  const rows = tasks?.expansions[0];
  return tasks === undefined || rows === undefined ? part : { ...part, attempts: attemptPairs(tasks, rows) };
}
