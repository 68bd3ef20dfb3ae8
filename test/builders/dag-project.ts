/** A project of DAG files in a temporary folder, and loaders on it. */
import { mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createDagLoader, type DagLoader, type LoaderOptions } from "../../cli/load/loader.ts";
import type { LoadResult } from "../../cli/load/result.ts";

export interface DagProject {
  readonly root: string;
  readonly dagsDir: string;
  /** Writes a file, named relative to the project, and gives its path. */
  write(name: string, text: string): string;
  remove(name: string): void;
  /** A loader on the project: closed with it. */
  loader(options?: Partial<LoaderOptions>): DagLoader;
  /** Loads everything once. */
  load(options?: Partial<LoaderOptions>): Promise<LoadResult>;
  close(): Promise<void>;
}

export async function aDagProject(): Promise<DagProject> {
  const root = realpathSync.native(await mkdtemp(join(tmpdir(), "freshet-dags-")));
  const loaders: DagLoader[] = [];
  const project: DagProject = {
    root,
    dagsDir: join(root, "dags"),
    write(name, text) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
    remove: (name) => rmSync(join(root, name)),
    loader(options = {}) {
      const loader = createDagLoader({ root, dagsDir: join(root, "dags"), cwd: root, ...options });
      loaders.push(loader);
      return loader;
    },
    load: async (options) => project.loader(options).load(),
    async close() {
      await Promise.all(loaders.map(async (loader) => loader.close()));
      await rm(root, { recursive: true, force: true });
    },
  };
  return project;
}

/** A file with one DAG of one task, which returns what the expression says. */
export const aDagFile = (
  id: string,
  { before = "", returns = "1" } = {},
): string => `import { dag, task } from "freshet";
${before}
const work = task("work", { run: async () => ${returns} });
export default dag("${id}", { tasks: [work] });
`;

/** `CODE file:line:column`, in order. */
export const codesOf = ({ problems }: LoadResult): readonly string[] =>
  problems.map(({ code, at }) => `${code} ${at?.file}:${at?.line}:${at?.column}`);

export const idsOf = ({ dags }: LoadResult): readonly string[] => dags.map(({ manifest }) => manifest.dagId);
