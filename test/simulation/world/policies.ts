/** When runs and tasks of a DAG may start, and what they wait for: few DAGs have any of it, so that the others show the rest. */
import type { AllowedHours, Manifest, TaskSpec } from "../../../shared/core/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";

/** Of the DAGs. */
const WITH_POLICY = 0.12;

export function withPolicies(random: Random, manifest: Manifest): Manifest {
  const some = <Value>(value: () => Value): Value | null => (random.chance(WITH_POLICY) ? value() : null);
  return {
    ...manifest,
    startWithinMs: some(() => random.pick([600_000, 3_600_000])),
    allowedHours: some(() => hoursOf(random)),
    pauseAfterFailures: some(() => random.integer(1, 3)),
    tasks: withWaits(random, manifest.tasks),
  };
}

/** Open for most of the day, so that what waits for them comes to rest. */
function hoursOf(random: Random): AllowedHours {
  const from = random.integer(0, 1_439);
  return { from, to: (from + random.integer(600, 1_320)) % 1_440 };
}

function withWaits(random: Random, tasks: readonly TaskSpec[]): readonly TaskSpec[] {
  const hours = random.chance(WITH_POLICY) ? hoursOf(random) : undefined;
  const past = random.chance(WITH_POLICY) ? random.pick(["task", "downstream"] as const) : undefined;
  if (hours === undefined && past === undefined) return tasks;
  return tasks.map((task) => {
    if (task.role !== "work") return task;
    const able = task.kind === "task" && task.map === null && past !== undefined;
    return {
      ...task,
      ...(hours !== undefined && random.chance(0.4) ? { allowedHours: hours } : {}),
      ...(able && random.chance(0.5) ? { dependsOnPast: past } : {}),
    };
  });
}
