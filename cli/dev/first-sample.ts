/** The file that shows a newcomer a first run, and the one to try next. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import type { ObjectStore } from "../../shared/core/task-host.ts";

export interface Sample {
  readonly bucket: string;
  readonly key: string;
  readonly path: string;
}

/** What is shipped with the DAGs: `<dags>/samples/<bucket>/<key>`. */
export async function findSamples(dagsDir: string): Promise<readonly Sample[]> {
  const root = join(dagsDir, "samples");
  const paths = (await filesBelow(root)).map((path) => ({ path, parts: relative(root, path).split(sep) }));
  return paths.flatMap(({ path, parts: [bucket, ...key] }) =>
    bucket === undefined || key.length === 0 ? [] : [{ bucket, key: key.join("/"), path }],
  );
}

/** Puts the samples into their buckets. */
export async function deliverSamples(objects: ObjectStore, samples: readonly Sample[]): Promise<void> {
  for (const { bucket, key, path } of samples) await objects.upload(bucket, key, path);
}

/** Of the folder below `<dags>/data` that a sample was taken from, the file that comes after it. */
export async function fileAfter(dagsDir: string, sample: Sample): Promise<string | undefined> {
  const name = basename(sample.key);
  const paths = await filesBelow(join(dagsDir, "data"));
  const source = paths.find((path) => basename(path) === name);
  if (source === undefined) return undefined;
  const beside = paths.filter((path) => dirname(path) === dirname(source)).toSorted();
  return beside[beside.indexOf(source) + 1];
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
