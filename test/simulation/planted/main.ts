/** `npm run simulate:planted`: which promise sees each planted bug broken, and in which seed first; as docs/reliability.md has it. */
import { PLANTED_BUGS } from "./bugs.ts";
import { huntAll } from "./plant.ts";

const hunted = await huntAll(PLANTED_BUGS);
console.log("| bug | breaks | seen by | first seed |\n| --- | --- | --- | ---: |");
for (const { name, breaks } of PLANTED_BUGS) {
  const outcome = hunted.get(name);
  const seen = outcome !== undefined && "seen" in outcome ? outcome.seen : undefined;
  const text = seen === undefined ? (outcome as { missed: string }).missed : `${seen.promise}: ${seen.says}`;
  console.log(`| ${name} | ${breaks.join(", ")} | ${text} | ${seen?.seed ?? "-"} |`);
  if (seen === undefined) process.exitCode = 1;
}
