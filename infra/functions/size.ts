import { basename } from "node:path";
import type { Metafile } from "esbuild";

/** Bytes that a function loads before it can take its first event: its handler, and what that imports in turn. */
export function loadedBytes({ outputs }: Pick<Metafile, "outputs">): number {
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const loaded = new Set<string>();
  const pending = ["handler.mjs"];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (loaded.has(name) || !byName.has(name)) continue;
    loaded.add(name);
    for (const { path, kind } of byName.get(name)?.imports ?? []) {
      if (kind === "import-statement") pending.push(basename(path));
    }
  }
  return [...loaded].reduce((sum, name) => sum + (byName.get(name)?.bytes ?? 0), 0);
}
