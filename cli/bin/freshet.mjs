#!/usr/bin/env node
/**
 * Starts the command on a Node that can run it.
 *
 * Plain JavaScript, because any Node from 20 on may start it, and free of imports that cost time. Freshet itself is
 * TypeScript, which Node runs as it is from 22.18 on; an older one hands over to the Node 24 that npm installed as an
 * optional package.
 */
import module from "node:module";
import { fileURLToPath } from "node:url";

/** What Freshet stands on deliberately; every other warning is shown. */
const EXPECTED_WARNINGS = /^(SQLite|Type Stripping|stripTypeScriptTypes) is an experimental feature/;

if (runsTypeScript()) {
  hideExpectedWarnings();
  module.enableCompileCache?.(fileURLToPath(new URL("../../node_modules/.cache/freshet/", import.meta.url)));
  if (import.meta.url.includes("/node_modules/")) await import("../../shared/embedded/own-types.mjs");
  await import("../main.ts");
} else {
  const { packagedNode } = await import("./packaged-node.mjs");
  await handOver(packagedNode());
}

function runsTypeScript() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return (major > 22 || (major === 22 && minor >= 18)) && Boolean(process.features.typescript);
}

function hideExpectedWarnings() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (rest[0] === "ExperimentalWarning" && EXPECTED_WARNINGS.test(String(warning))) return;
    emitWarning.call(process, warning, ...rest);
  };
}

async function handOver(node) {
  if (node === undefined) return giveUp("its own Node 24 is not installed");
  const { spawn } = await import("node:child_process");
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], { stdio: "inherit" });
  passSignals(child);
  child.on("error", (error) => giveUp(`its own Node 24 does not start here (${error.message})`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal); // End as it ended, so that a shell or a supervisor sees the same.
  });
}

/** A terminal sends its signals to the whole group, so the child has them already: twice would mean "at once". */
function passSignals(child) {
  const atTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => atTerminal || child.kill(signal));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
}

function giveUp(reason) {
  process.stderr.write(
    `freshet: needs Node 22.18 or newer; this is Node ${process.versions.node}, and ${reason}.\n` +
      "Run `npm ci` without --omit=optional, or install Node 24.\n",
  );
  process.exitCode = 1;
}
