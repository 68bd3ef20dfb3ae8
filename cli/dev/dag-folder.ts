/** Keeps what is registered as the DAG files say, while they are being edited. */
import { resolve } from "node:path";
import type { Engine } from "../../shared/app/engine.ts";
import type { Problem } from "../../shared/core/problem.ts";
import { createRegistrar } from "../home/register-dags.ts";
import type { DagLoader } from "../load/loader.ts";
import type { LoadResult } from "../load/result.ts";
import type { Tell } from "./events.ts";

export interface DagFolder {
  /** Loads and registers everything; throws LOAD_FAILED if there is no folder. */
  takeAll(): Promise<LoadResult>;
  /** After these files (absolute) were changed, added or removed. What cannot be taken is told; what worked stays. */
  take(changed: readonly string[]): Promise<LoadResult | undefined>;
}

interface Options {
  readonly loader: DagLoader;
  readonly engine: Engine;
  readonly root: string;
  readonly cwd: string;
  readonly windowMs: number | undefined;
  readonly schedules: boolean;
  readonly dataWindowMs: number | undefined;
  readonly tell: Tell;
}

export function createDagFolder({ loader, tell, windowMs, dataWindowMs, ...options }: Options): DagFolder {
  const { cwd } = options;
  const registrar = createRegistrar({
    ...options,
    ...(windowMs === undefined ? {} : { windowMs }),
    ...(dataWindowMs === undefined ? {} : { dataWindowMs }),
  });
  let before: ReadonlySet<string> = new Set();
  let last: Promise<void> = Promise.resolve();

  const register = async (
    loading: Promise<LoadResult>,
    changed: readonly string[],
    began: number,
  ): Promise<LoadResult> => {
    const loaded = await loading;
    const { registered, problems } = await registrar.takeAll(loaded);
    const now = new Set(problems.map((problem) => JSON.stringify(problem)));
    const isNews = (problem: Problem): boolean =>
      !before.has(JSON.stringify(problem)) ||
      (problem.at !== undefined && changed.includes(resolve(cwd, problem.at.file)));
    const news = problems.filter(isNews);
    const mended = before.size > 0 && now.size === 0;
    before = now;
    tell({ type: "registered", dags: registered, problems: news, tookMs: performance.now() - began });
    if (mended) tell({ type: "note", text: "all DAG files are good again" });
    return loaded;
  };

  /** One after the other: a save while the last one is being taken waits for it. */
  const enqueue = async (act: () => Promise<LoadResult>): Promise<LoadResult> => {
    const next = last.then(act);
    last = next.then(
      () => undefined,
      () => undefined, // Whoever asked for it is told.
    );
    return next;
  };

  return {
    takeAll: async () => enqueue(async () => register(loader.load(), [], performance.now())),
    async take(changed) {
      const began = performance.now();
      try {
        return await enqueue(async () => register(loader.reload(changed), changed, began));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        tell({ type: "fault", id: "dags", code: "LOAD", message });
        return undefined;
      }
    },
  };
}
