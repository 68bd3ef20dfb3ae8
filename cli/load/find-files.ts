/** Which files hold DAGs. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const DAG_FILE_ENDING = ".dag.ts";

/**
 * All `*.dag.ts` below the folder, by path; not below `node_modules` or a folder whose name begins with a dot. Rejects with
 * ENOENT or ENOTDIR if there is no such folder.
 */
export async function findDagFiles(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      if (entry.isDirectory()) folders.push(join(at, entry.name));
      else if (entry.name.endsWith(DAG_FILE_ENDING)) files.push(join(at, entry.name));
    }
  }
  return files.toSorted();
}
