/** Notices when the files that DAGs are made of change. */
import { realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { watch, type FSWatcher } from "chokidar";

/** Editors and version control change several files, each several times: what comes in one go is told once. */
const QUIET_MS = 50;
/** Changes that never pause are told after this long all the same. */
const QUIET_MS_MAX = 1_000;

/** Data that lies beside the pipelines is not watched. */
const WATCHED = /\.(?:ts|mts|js|mjs|cjs|json)$/;

export interface DagWatch {
  /** Also watch these files: what the DAGs import from elsewhere. */
  follow(files: readonly string[]): void;
  close(): Promise<void>;
}

export interface DagWatchOptions {
  readonly dagsDir: string;
  /** A folder that is left out, such as the home. */
  readonly except: string;
  /** Files that were changed, added or removed, as absolute paths. */
  readonly onChange: (files: readonly string[]) => void;
  readonly onFault: (error: unknown) => void;
  readonly quietMs?: number;
}

/** Resolves once changes are noticed. */
export async function watchDags(options: DagWatchOptions): Promise<DagWatch> {
  const { except, onChange, onFault, quietMs = QUIET_MS } = options;
  const dagsDir = realpathSync.native(options.dagsDir); // As the loader names files.
  const outside = (path: string): boolean =>
    path === except ||
    path.startsWith(join(except, sep)) ||
    /[\\/](?:node_modules|\.[^\\/]+)(?:[\\/]|$)/.test(path.slice(dagsDir.length));
  const watcher = watch(dagsDir, {
    ignoreInitial: true,
    ignored: (path, stats) =>
      (path.startsWith(dagsDir) && outside(path)) || (stats?.isFile() === true && !WATCHED.test(path)),
  });
  const tell = gathered(quietMs, onChange);
  for (const event of ["add", "change", "unlink"] as const) watcher.on(event, tell.add);
  watcher.on("error", onFault);
  await new Promise<void>((ready) => watcher.once("ready", ready));
  const followed = new Set<string>();
  return {
    follow: (files) => followOutside(watcher, followed, files, dagsDir),
    async close() {
      tell.stop();
      await watcher.close();
    },
  };
}

function followOutside(watcher: FSWatcher, followed: Set<string>, files: readonly string[], dagsDir: string): void {
  for (const file of files) {
    if (followed.has(file) || file.startsWith(join(dagsDir, sep))) continue;
    followed.add(file);
    watcher.add(file);
  }
}

interface Gathered {
  readonly add: (file: string) => void;
  stop(): void;
}

function gathered(quietMs: number, onChange: (files: readonly string[]) => void): Gathered {
  const files = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let first = 0;
  const tell = (): void => {
    const all = [...files];
    files.clear();
    onChange(all);
  };
  return {
    add(file) {
      const now = performance.now();
      if (files.size === 0) first = now;
      files.add(file);
      clearTimeout(timer);
      timer = setTimeout(tell, Math.max(0, Math.min(quietMs, first + QUIET_MS_MAX - now)));
    },
    stop: () => clearTimeout(timer),
  };
}
