/**
 * Each function as it is deployed: its size, and how long a fresh process of Node takes to import its handler. `readyMs` is the
 * same with what it does while it starts: its clients are made, and the key of tokens is read, here from a process beside it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildFunction } from "../../infra/functions/build.ts";
import { loadedBytes } from "../../infra/functions/size.ts";
import { FUNCTION_SOURCES } from "../../infra/functions/sources.ts";
import { lineOf, rounded, type BenchLine } from "../line.ts";
import { startTable } from "./table.ts";

export const name = "functions";

const STARTS = 20;
const IMPORT = `const from = performance.now();
  await import(process.argv[1]);
  process.stdout.write(String(performance.now() - from));
  process.exit(0);`;

const DEPLOYMENT = {
  v: 1,
  environment: "bench",
  engineTable: "engine",
  attemptsTable: "attempts",
  bucket: "bucket",
  eventsQueueUrl: "http://127.0.0.1/events",
  deadLettersUrl: "http://127.0.0.1/dead",
  taskQueueUrls: {},
  busName: "bus",
  bucketNames: {},
  executorLogGroups: [],
};

export async function run(): Promise<readonly BenchLine[]> {
  const folder = mkdtempSync(join(tmpdir(), "freshet-functions-"));
  const table = await startTable();
  try {
    const lines: BenchLine[] = [];
    for (const [workload, entries] of Object.entries(FUNCTION_SOURCES)) {
      const built = await buildFunction(entries, join(folder, workload), "environment");
      const handler = pathToFileURL(join(folder, workload, "handler.mjs")).href;
      // A function that is not told of its deployment is imported all the same, and asks nobody for anything.
      const samplesMs = Array.from({ length: STARTS }, () => importMs(handler, { DEPLOYMENT: executorOnly(workload) }));
      const ready = { DEPLOYMENT: JSON.stringify(DEPLOYMENT), AWS_ENDPOINT_URL: table.endpoint };
      const readyMs = Array.from({ length: STARTS }, () => importMs(handler, ready)).toSorted((a, b) => a - b);
      lines.push(
        lineOf({
          workload: `import ${workload}`,
          n: STARTS,
          durability: "none",
          samplesMs,
          totalMs: samplesMs.reduce((sum, ms) => sum + ms, 0),
          tasks: 0,
          notes: {
            loadedBytes: loadedBytes(built),
            allBytes: Object.values(built.outputs).reduce((sum, { bytes }) => sum + bytes, 0),
            fastestMs: rounded(Math.min(...samplesMs)),
            readyMs: rounded(readyMs[STARTS / 2] ?? 0),
          },
        }),
      );
    }
    return lines;
  } finally {
    await table.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The executor reads its own at once, and opens nothing. */
const executorOnly = (workload: string): string => (workload === "executor" ? JSON.stringify(DEPLOYMENT) : "");

function importMs(handler: string, more: Readonly<Record<string, string>>): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", IMPORT, handler], {
    encoding: "utf8",
    env: {
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "bench",
      AWS_SECRET_ACCESS_KEY: "bench",
      POWERTOOLS_SERVICE_NAME: "bench",
      ...more,
    },
  });
  if (status !== 0) throw new Error(`the handler could not be imported:\n${stderr}`);
  return Number(stdout);
}
