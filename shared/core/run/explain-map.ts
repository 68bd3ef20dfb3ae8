/** How the instances of a mapped task stand, in words. */
import type { MapSpec } from "../manifest.ts";
import type { Expansion } from "../run.ts";
import type { InstanceCounts } from "./instances.ts";

/** `31 of 512 instances are done (29 success, 2 failed); 10 are at work, 471 wait: at most 10 are at work at once`. */
export function instancesText(map: MapSpec, { length }: Pick<Expansion, "length">, counts: InstanceCounts): string {
  const { success, skipped, failed, atWork, waiting } = counts;
  const done = success + skipped + failed;
  const ends = (["success", "failed", "skipped"] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`);
  const how = ends.length === 0 ? "" : ` (${ends.join(", ")})`;
  const text = `${done} of ${length} instance${length === 1 ? "" : "s"} ${done === 1 ? "is" : "are"} done${how}`;
  if (done === length) return text;
  const open = [atWork > 0 ? `${atWork} at work` : "", waiting > 0 ? `${waiting} wait` : ""].filter(
    (part) => part !== "",
  );
  const bound = waiting > 0 && map.concurrency !== null ? `: at most ${map.concurrency} are at work at once` : "";
  return `${text}; ${open.join(", ")}${bound}`;
}
