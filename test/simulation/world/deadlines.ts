/** Deadlines of DAGs: some that most runs keep, some that few do, and some that come long after the end of what failed. */
import type { DeadlineSpec, Manifest } from "../../../shared/core/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";

/** Of the DAGs. */
const WITH_DEADLINES = 0.3;
const MINUTE_MS = 60_000;

export function withDeadlines(random: Random, manifest: Manifest): Manifest {
  if (!random.chance(WITH_DEADLINES)) return manifest;
  const deadlines = Array.from({ length: random.integer(1, 2) }, (_, index) =>
    deadlineOf(random, `deadline-${index + 1}`, manifest),
  );
  return { ...manifest, deadlines };
}

function deadlineOf(random: Random, name: string, { timezone }: Manifest): DeadlineSpec {
  if (random.chance(0.2)) return { name, by: random.integer(0, 1_439), timezone };
  const from = random.pick(["due", "due", "queued", "logicalDate"] as const);
  // An interval has passed before its run is due.
  const least = from === "logicalDate" ? 60 : 0;
  return { name, from, withinMs: (least + Math.ceil(random.skewed(1, 240))) * MINUTE_MS };
}
