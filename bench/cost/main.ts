/** `npm run cost [-- ENVIRONMENT]`: what the synthesized deployment costs in a month in which nothing runs. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { idleCost, type Template } from "./idle.ts";

const ROOT = join(import.meta.dirname, "../..");
const [environment = "dev"] = process.argv.slice(2);
const out = join(ROOT, "tmp/cost");
const { status } = spawnSync(
  join(ROOT, "node_modules/.bin/cdk"),
  ["synth", "--quiet", "--no-notices", "--context", `env=${environment}`, "--output", out],
  { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] },
);
if (status === 0) {
  const template = JSON.parse(readFileSync(join(out, `Freshet-${environment}.template.json`), "utf8")) as Template;
  const items = idleCost(template);
  for (const { what, count, dollars } of items) console.log(`${dollars.toFixed(3).padStart(8)} $  ${count} ${what}`);
  const total = items.reduce((sum, { dollars }) => sum + dollars, 0);
  console.log(`${total.toFixed(3).padStart(8)} $  a month of ${environment} in which nothing runs, without free tiers`);
} else process.exitCode = 1;
