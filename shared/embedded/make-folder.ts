import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder, with what is missing above it; one that is there is left as it is. Throws the error of the file system
 * where it cannot. Node's own `recursive` never comes back below a folder such as /proc, which is there and says ENOENT to
 * whatever is made in it: it goes on making the folder above.
 */
export function makeFolder(path: string): void {
  const whole = resolve(path);
  const missing: string[] = [];
  for (let at = whole; !existsSync(at); at = dirname(at)) missing.push(at);
  for (const folder of missing.toReversed()) makeOne(folder);
  if (missing.length === 0 && !isFolder(whole)) mkdirSync(whole); // Says in the system's words that a file is there.
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error; // Otherwise another process made it meanwhile.
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
