/** `npm run chaos -- [--kills N] [--seed N]`: a storm over a real home, and what was wrong after it. */
import { parseArgs } from "node:util";
import { violations } from "./checks/index.ts";
import { gather } from "./evidence.ts";
import { endLeftProcesses, makePlace, removePlace } from "./place.ts";
import { raiseStorm, type Blow } from "./storm.ts";
import { summaryOf } from "./summary.ts";

const FAULTS_SHOWN_MAX = 50;
const SEED_MAX = 2 ** 31;
const INTERRUPTED = 130;

if (process.platform !== "linux") {
  console.error("chaos looks into /proc to see which processes live: it runs on Linux only");
  process.exit(2);
}
const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string" } },
});
const kills = countOf("--kills", values.kills);
const seed = values.seed === undefined ? Math.floor(Math.random() * SEED_MAX) : countOf("--seed", values.seed);
const place = makePlace(seed);
process.on("exit", () => endLeftProcesses(place)); // However this ends.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(INTERRUPTED));
console.log(`seed ${seed}, ${kills} kills, home ${place.project.home.path}`);
const evidence = await gather(place, await raiseStorm(place, { kills, onBlow: tell }));
const faults = violations(evidence);
console.log(summaryOf(evidence));
if (faults.length === 0) {
  console.log(`all held: seed ${seed}`);
  removePlace(place);
} else {
  for (const fault of faults.slice(0, FAULTS_SHOWN_MAX)) console.error(`VIOLATION ${fault}`);
  console.error(`${faults.length} violations: seed ${seed}; what is left lies in ${place.folder}`);
  process.exitCode = 1;
}

function tell({ target, ready, at }: Blow, count: number): void {
  const what = `${target}${ready ? "" : ", which was starting"}`;
  console.log(`${new Date(at).toISOString()} kill ${count} of ${kills}: ${what}`);
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0) {
    console.error(`${name} is '${text}'; expected a whole number`);
    process.exit(2);
  }
  return count;
}
