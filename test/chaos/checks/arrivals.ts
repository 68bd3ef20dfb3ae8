/** Every file that was dropped is in exactly one run, whole. */
import type { Evidence } from "../evidence.ts";

export function arrivalChecks({ runs, storm }: Evidence): readonly string[] {
  const faults: string[] = [];
  const runsOf = new Map<string, string[]>();
  for (const { run, files } of runs) {
    if (run.origin.kind !== "arrival") continue;
    if (files.length === 0) faults.push(`${run.runId}: it has no files`);
    for (const { key, size } of files) {
      const name = `${key} (${size} bytes)`;
      runsOf.set(name, [...(runsOf.get(name) ?? []), run.runId]);
    }
  }
  for (const { key, size, overwritten } of storm.unrest.dropped) {
    const name = `${key} (${size} bytes)`;
    const found = runsOf.get(name) ?? [];
    runsOf.delete(name);
    if (found.length === 0 && !overwritten) faults.push(`${name} is in no run`);
    if (found.length > 1) faults.push(`${name} is in ${found.length} runs: ${found.join(", ")}`);
  }
  for (const [name, found] of runsOf) faults.push(`${name} is in ${found.join(", ")}, but was never there so`);
  return faults;
}
