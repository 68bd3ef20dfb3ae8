/**
 * Makes the packaged Node 24 the `node` of every npm script. npm runs this after each change of node_modules.
 *
 * npm 11 has linked it already. npm 10, which comes with Node 20, removes the link together with the packages of the
 * other platforms, because all of them would have put it at the same place.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { packagedNode } from "../cli/bin/packaged-node.mjs";

const bin = fileURLToPath(new URL("../node_modules/.bin", import.meta.url));
const windows = process.platform === "win32";
const link = join(bin, windows ? "node.cmd" : "node");
const node = packagedNode();

if (node === undefined || spawnSync(node, ["--version"]).status !== 0) {
  // Built for another C library (Alpine's, say): a link to it would break every script.
  rmSync(link, { force: true });
  console.warn(`The packaged Node 24 does not run here; the scripts use Node ${process.versions.node}.`);
} else if (!existsSync(link)) {
  const target = relative(bin, node);
  if (windows) writeFileSync(link, `@"%~dp0\\${target}" %*\r\n`);
  else symlinkSync(target, link);
}
