/** `npm run simulate:planted`: which promise sees each planted bug broken, and in which seed first; as docs/reliability.md has it. */
import { availableParallelism } from "node:os";
import { PLANTED_BUGS } from "./bugs.ts";
import { BUDGET_SEEDS, hunt } from "./plant.ts";

const rows = new Map<string, string>();
const open = [...PLANTED_BUGS];
let missed = 0;

async function work(): Promise<void> {
  for (let bug = open.shift(); bug !== undefined; bug = open.shift()) {
    const failure = await hunt(bug);
    if (failure === undefined) missed += 1;
    const seen = failure === undefined ? `not in ${BUDGET_SEEDS} seeds` : `${failure.promise}: ${failure.says}`;
    rows.set(bug.name, `| ${bug.name} | ${bug.breaks.join(", ")} | ${seen} | ${failure?.seed ?? "-"} |`);
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log("| bug | breaks | seen by | first seed |\n| --- | --- | --- | ---: |");
for (const { name } of PLANTED_BUGS) console.log(rows.get(name));
process.exitCode = missed === 0 ? 0 : 1;
