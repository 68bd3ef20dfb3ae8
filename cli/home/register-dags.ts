/** Takes loaded DAGs into the home: their code as bundles, their manifests as versions that new runs get. */
import { register, unregister, type Registered } from "../../shared/app/register.ts";
import type { Engine } from "../../shared/app/engine.ts";
import { canonicalJson } from "../../shared/core/json.ts";
import type { ArrivalTriggerSpec, Manifest } from "../../shared/core/manifest.ts";
import type { Problem } from "../../shared/core/problem.ts";
import { bundleKey } from "../../shared/ports/blob-store.ts";
import type { DagVersion } from "../../shared/ports/dag-store.ts";
import { bundleFiles, type BundleOptions } from "../load/bundle.ts";
import { withSchedule } from "../load/in-environment.ts";
import type { LoadedDag, LoadResult } from "../load/result.ts";
import { versionOf } from "../load/version.ts";

export interface Registration {
  readonly registered: readonly Registered[];
  /** Of loading and of bundling. */
  readonly problems: readonly Problem[];
}

export interface RegistrarOptions extends BundleOptions {
  readonly engine: Engine;
  /** Arrival triggers wait at the most this long, whatever they ask for; undefined: as written. */
  readonly windowMs?: number;
  /** False: nothing starts by the clock, whatever is written. */
  readonly schedules?: boolean;
  /** How far back there is data; all of it unless given. */
  readonly dataWindowMs?: number;
}

export interface Registrar {
  /**
   * Registers all that a load of the whole folder found. A DAG that has become faulty keeps its last good version; one whose
   * definition is gone starts nothing any more.
   */
  takeAll(loaded: LoadResult): Promise<Registration>;
}

export function createRegistrar(options: RegistrarOptions): Registrar {
  const { engine } = options;
  /** Where each DAG was last seen: what tells a file that is gone from one that is broken. */
  const fileOf = new Map<string, string>();
  return {
    async takeAll(loaded) {
      const { versions, problems } = await versionsOf(loaded.dags, options);
      const registered = await register(engine, versions);
      for (const { manifest, file } of loaded.dags) fileOf.set(manifest.dagId, file);
      const all = [...loaded.problems, ...problems];
      const removed = await unregister(engine, await keptDags(engine, loaded, all, fileOf));
      return { registered: [...registered, ...removed], problems: all };
    },
  };
}

/** The versions of these DAGs, their bundles stored; without those that cannot be bundled. */
export async function versionsOf(
  dags: readonly LoadedDag[],
  options: RegistrarOptions,
): Promise<{ readonly versions: readonly DagVersion[]; readonly problems: readonly Problem[] }> {
  const { engine, windowMs, schedules = true, dataWindowMs } = options;
  const problems: Problem[] = [];
  const versions: DagVersion[] = [];
  const fresh: { readonly manifest: Manifest; readonly file: string }[] = [];
  for (const { manifest: written, file } of dags) {
    const scheduled = schedules ? written : withSchedule(written, null);
    const kept = dataWindowMs === undefined ? scheduled : { ...scheduled, dataWindowMs };
    const manifest = windowMs === undefined ? kept : withWindows(kept, windowMs);
    const known = await knownVersion(engine, manifest);
    if (known === undefined) fresh.push({ manifest, file });
    else versions.push(known);
  }
  const files = [...new Set(fresh.map(({ file }) => file))];
  const results = files.length === 0 ? [] : await bundleFiles(files, options);
  for (const [index, file] of files.entries()) {
    const result = results[index];
    if (result?.kind === "failed") problems.push(...result.problems);
    if (result?.kind !== "bundled") continue;
    const { sha256, code } = result.bundle;
    await engine.blobs.put(bundleKey(sha256), code);
    for (const { manifest } of fresh.filter((dag) => dag.file === file)) {
      versions.push({ version: versionOf(manifest), manifest, bundle: sha256 });
    }
  }
  return { versions, problems };
}

/** The version as it is stored, if its code is there too: then nothing needs to be bundled. */
async function knownVersion(engine: Engine, manifest: Manifest): Promise<DagVersion | undefined> {
  const stored = await engine.dags.loadVersion(versionOf(manifest));
  if (stored === undefined) return undefined;
  return (await engine.blobs.range(bundleKey(stored.bundle), 0, 1)) === undefined ? undefined : stored;
}

const withWindows = (manifest: Manifest, windowMs: number): Manifest =>
  manifest.triggers.length === 0
    ? manifest
    : { ...manifest, triggers: manifest.triggers.map((trigger) => shortened(trigger, windowMs)) };

/** `maxWait` stays: while files keep arriving, the window goes on as it would. */
const shortened = (trigger: ArrivalTriggerSpec, windowMs: number): ArrivalTriggerSpec =>
  trigger.debounceMs <= windowMs
    ? trigger
    : { ...trigger, debounceMs: windowMs, writtenDebounceMs: trigger.debounceMs };

/** A registered manifest as its author has it. */
export function asWritten(manifest: Manifest): Manifest {
  const { writtenSchedule = manifest.schedule, dataWindowMs: _window, ...rest } = manifest;
  return {
    ...rest,
    schedule: writtenSchedule,
    triggers: manifest.triggers.map(({ writtenDebounceMs, ...trigger }) => ({
      ...trigger,
      debounceMs: writtenDebounceMs ?? trigger.debounceMs,
    })),
  };
}

/** Whether two manifests say the same but for what `freshet dev` makes of them: how long triggers wait, what starts by the clock. */
export const sameAsWritten = (one: Manifest, other: Manifest): boolean =>
  canonicalJson(withoutWindows(one)) === canonicalJson(withoutWindows(other));

function withoutWindows(manifest: Manifest): Manifest {
  const written = asWritten(manifest);
  return { ...written, triggers: written.triggers.map((trigger) => ({ ...trigger, debounceMs: 0 })) };
}

/** All but those whose definition is certainly gone: a file that cannot be loaded may have any DAG in it. */
async function keptDags(
  engine: Engine,
  loaded: LoadResult,
  problems: readonly Problem[],
  fileOf: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> {
  const kept = new Set<string>(loaded.dags.map(({ manifest }) => manifest.dagId));
  if (!problems.some(({ level }) => level === "error")) return kept;
  for (const { dagId } of await engine.dags.list()) {
    const file = fileOf.get(dagId);
    if (file === undefined || loaded.files.includes(file)) kept.add(dagId);
  }
  return kept;
}
