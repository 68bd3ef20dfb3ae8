/** DAGs of a world: their graphs, when they run, what they wait for, and how their next version differs. */
import { dagId, triggerId } from "../../../shared/core/ids.ts";
import type { ArrivalTriggerSpec, Manifest, ScheduleSpec } from "../../../shared/core/manifest.ts";
import { aManifest } from "../../builders/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";
import { BENT_MORE, type Bent } from "./bent.ts";
import { generateTasks } from "./graph.ts";
import { BUCKET } from "./plan.ts";

export type Tempo = "hours" | "day" | "days";

/** When a schedule of these worlds fires: this minute, of every `everyHours`th hour from `hour` on, UTC. */
interface Firings {
  readonly minute: number;
  readonly everyHours: 1 | 6 | 24;
  readonly hour: number;
}

export function generateDag(random: Random, name: string, tempo: Tempo, minutes: readonly number[]): Manifest {
  return aManifest({
    dagId: dagId(name),
    owner: "data-team",
    schedule: random.chance(0.6) ? scheduleOf(random, tempo, minutes) : null,
    triggers: random.chance(0.5) ? triggersOf(random, name) : [],
    ...overlapOf(random),
    maxActiveRuns: random.integer(1, 3),
    runTimeoutMs: random.chance(0.25) ? random.pick([300_000, 1_800_000]) : null,
    retryBudgetMs: random.chance(0.2) ? random.pick([60_000, 600_000]) : null,
    tasks: generateTasks(random),
    hooks: { onSuccess: random.chance(0.15), onFailure: random.chance(0.25) },
    codeHash: `code-${random.integer(1, 1_000_000)}`,
  });
}

function overlapOf(random: Random): Pick<Manifest, "catchup" | "overlap"> {
  if (random.chance(0.4)) return { catchup: { windowMs: 365 * 86_400_000 }, overlap: "queue" };
  return { catchup: null, overlap: random.pick(["latest", "latest", "queue", "skip", "cancel"] as const) };
}

function scheduleOf(random: Random, tempo: Tempo, minutes: readonly number[]): ScheduleSpec {
  const everyHours = tempo === "hours" ? 1 : tempo === "day" ? random.pick([6, 24] as const) : 24;
  // DAGs like to fire together.
  const firings: Firings = { minute: random.pick(minutes), everyHours, hour: random.integer(0, 23) };
  const hours = { 1: "*", 6: "*/6", 24: String(firings.hour) }[everyHours];
  const period = everyHours === 1 ? "hour" : everyHours === 24 ? "day" : "none";
  return {
    kind: "cron",
    expressions: [`${firings.minute} ${hours} * * *`],
    interval: random.pick(["cron", period]),
    timezone: "UTC",
    dst: { gap: "shift", fold: "first" },
    start: null,
    end: null,
  };
}

/** The firings of such a schedule, worked out by counting. */
export function firingsBetween(schedule: ScheduleSpec, from: number, until: number): number[] {
  const [expression = ""] = schedule.kind === "cron" ? schedule.expressions : [];
  const [minute = "0", hours = "*"] = expression.split(" ");
  const hourMs = 3_600_000;
  const found: number[] = [];
  for (let hour = Math.floor(from / hourMs); hour * hourMs <= until; hour++) {
    const ofDay = hour % 24;
    if (hours !== "*" && (hours === "*/6" ? ofDay % 6 !== 0 : ofDay !== Number(hours))) continue;
    const at = hour * hourMs + Number(minute) * 60_000;
    if (at > from && at <= until) found.push(at);
  }
  return found;
}

function triggersOf(random: Random, name: string): readonly ArrivalTriggerSpec[] {
  const trigger = (id: string, suffix: string): ArrivalTriggerSpec => ({
    kind: "arrival",
    triggerId: triggerId(id),
    bucket: BUCKET,
    // Two DAGs of three read what the others read.
    prefix: random.chance(0.4) ? "raw/" : `raw/${name}/`,
    suffix,
    debounceMs: random.pick([0, 0, 5_000, 60_000]),
    maxWaitMs: random.pick([10_000, 300_000]),
    maxFiles: random.pick([3, 10, 100]),
  });
  return random.chance(0.2) ? [trigger("csv", ".csv"), trigger("any", "")] : [trigger("files", "")];
}

/** The next version of a DAG: what somebody changed between two deployments. */
export function changedDag(
  random: Random,
  before: Manifest,
  { tempo, minutes, bent }: { readonly tempo: Tempo; readonly minutes: readonly number[]; readonly bent: Bent },
): Manifest {
  const codeHash = `code-${random.integer(1, 1_000_000)}`;
  const changed: Partial<Manifest> = random.weighted<() => Partial<Manifest>>([
    [3, () => ({})],
    [3, () => ({ tasks: generateTasks(random) })],
    [
      bent === "edits" ? 4 * BENT_MORE : 4,
      () => ({ schedule: random.chance(0.3) ? null : scheduleOf(random, tempo, minutes) }),
    ],
    [2, () => ({ triggers: random.chance(0.3) ? [] : triggersOf(random, before.dagId) })],
    [2, () => ({ maxActiveRuns: random.integer(1, 3) })],
    [1, () => overlapOf(random)],
    [1, () => ({ ...before, tasks: generateTasks(random), triggers: triggersOf(random, before.dagId) })],
  ])();
  return { ...before, ...changed, codeHash };
}
