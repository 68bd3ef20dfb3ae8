/**
 * `npm run bench [-- SUITE|NAME ... --minutes N]`: runs workloads, each in a process of its own so that none pays for another's
 * memory, and prints a line of JSON for each result; what they were measured on goes to stderr.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Workload } from "./line.ts";

interface Found extends Workload {
  readonly suite: string;
}

const { values, positionals: asked } = parseArgs({
  options: { minutes: { type: "string", default: "1" } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new RangeError(`--minutes is '${values.minutes}'; a number above 0 is expected`);
const all = await findWorkloads();
const unknown = asked.filter((word) => !all.some((found) => isAsked(found, word)));
const selected = all.filter((found) => asked.length === 0 || asked.some((word) => isAsked(found, word)));

if (unknown.length > 0) {
  const known = [...new Set(all.map(({ suite }) => suite)), ...all.map(({ name }) => name)];
  console.error(`there is no suite or workload '${unknown.join("', '")}'; there are: ${known.join(", ")}`);
  process.exitCode = 2;
} else if (selected.length === 1 && asked.length === 1 && selected[0]?.name === asked[0]) {
  for (const line of (await selected[0]?.run({ minutes })) ?? []) console.log(JSON.stringify(line));
} else {
  console.error(`# ${machine()}`);
  for (const { name } of selected) {
    const { status } = spawnSync(
      process.execPath,
      [...process.execArgv, import.meta.filename, name, "--minutes", String(minutes)],
      {
        stdio: "inherit",
      },
    );
    if (status !== 0) process.exitCode = 1;
  }
}

async function findWorkloads(): Promise<readonly Found[]> {
  const files = globSync("*/*.bench.ts", { cwd: import.meta.dirname }).toSorted();
  return Promise.all(
    files.map(async (file) => ({
      ...((await import(join(import.meta.dirname, file))) as Workload),
      suite: dirname(file),
    })),
  );
}

function isAsked({ suite, name }: Found, word: string): boolean {
  return word === suite || word === name;
}

function machine(): string {
  const [cpu] = cpus();
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return `node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpu?.model ?? "?"}, ${memoryGb} GB`;
}
