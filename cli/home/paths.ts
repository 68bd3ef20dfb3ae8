/** Where things lie on this machine. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The home of an embedded Freshet: its state, buckets and logs. */
export interface Home {
  readonly path: string;
  readonly stateFile: string;
  readonly buckets: string;
  readonly logs: string;
}

export interface Project {
  /** The folder with the nearest package.json: where npm packages of the DAGs are found. */
  readonly root: string;
  readonly dagsDir: string;
  readonly home: Home;
  /** On AWS; undefined: the home. */
  readonly environment?: string;
}

/** The bucket in which attempts have their staging. */
export const STAGING_BUCKET = "freshet-staging";

/** `FRESHET_HOME`, or `.freshet` in the project. Throws nothing: what is not there is made, or named by who needs it. */
export function findProject(cwd: string, env: Readonly<Record<string, string | undefined>>, dags?: string): Project {
  const root = nearestPackage(cwd) ?? cwd;
  const named = env["FRESHET_HOME"];
  const path = named === undefined || named === "" ? join(root, ".freshet") : resolve(cwd, named);
  return {
    root,
    dagsDir: dags === undefined ? join(root, "dags") : resolve(cwd, dags),
    home: { path, stateFile: join(path, "state.db"), buckets: join(path, "buckets"), logs: join(path, "logs") },
  };
}

function nearestPackage(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}
