/** Looks into a home without scheduling anything in it; other processes may be at work there. */
import { existsSync } from "node:fs";
import { createVersionCache } from "../../shared/app/engine.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import { ping } from "../../shared/embedded/ping.ts";
import { engineBeside } from "./beside.ts";
import type { OpenHome } from "./open-home.ts";
import type { Project } from "./paths.ts";
import { openStores, type Stores } from "./stores.ts";

/** Opens the home for `look` alone, or the environment. A home that is not there is not made: `look` gets undefined. */
export async function lookInto<T>(project: Project, look: (home: OpenHome | undefined) => Promise<T>): Promise<T> {
  if (project.environment !== undefined) {
    const { openEnvironment } = await import("./environment.ts");
    return look(await openEnvironment(project.environment, process.env));
  }
  if (!existsSync(project.home.stateFile)) return look(undefined);
  return withHome(project, look);
}

/** Opens the home, or makes it; or opens the environment. */
export async function withHome<T>(project: Project, act: (home: OpenHome) => Promise<T>): Promise<T> {
  if (project.environment !== undefined) return lookIntoRuns(project, act);
  const stores = openStores(project.home);
  try {
    return await act({
      stores,
      reading: readingOf(stores),
      engine: engineBeside(stores),
      environment: undefined,
      heardBy: async () => ((await ping(project.home.path)) ? "the running `freshet dev`" : undefined),
    });
  } finally {
    await stores.close();
  }
}

const readingOf = (stores: Stores): OpenHome["reading"] => ({
  audit: stores.audit,
  runs: stores.runs,
  dags: stores.dags,
  pools: stores.pools,
  attempts: stores.attempts,
  versions: createVersionCache(stores.dags),
  clock: createClock(),
});

/** Throws RUN_NOT_FOUND where nothing has ever run. */
export async function lookIntoRuns<T>(project: Project, look: (home: OpenHome) => Promise<T>): Promise<T> {
  return lookInto(project, async (home) => {
    if (home !== undefined) return look(home);
    throw new FreshetError(
      "RUN_NOT_FOUND",
      `nothing has run in '${project.home.path}' yet; \`freshet run <dag>\` or \`freshet dev\` starts something`,
    );
  });
}
