/** Fails when a file imports what its folder may not; the table is in .dependency-cruiser.mjs. */
import { join } from "node:path";
import { cruiseTree } from "./lib/cruise.ts";

const { modules, dependencies, faults, unread } = await cruiseTree(join(import.meta.dirname, ".."));

for (const { rule, from, to } of faults) console.error(`${rule}: ${from} imports ${to}`);
if (faults.length > 0) console.error("The table of what each folder may import is in .dependency-cruiser.mjs.");
for (const path of unread) console.error(`unread: ${path} was not checked`);
// A checker that cannot parse finds nothing wrong: silence only counts if it has read the code.
const blind = modules === 0 || dependencies === 0;
if (blind) console.error("no modules or no imports were read: is the parser installed?");
console.log(`${modules} modules, ${dependencies} imports, ${faults.length} faults`);
if (blind || faults.length > 0 || unread.length > 0) process.exitCode = 1;
