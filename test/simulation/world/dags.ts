/** DAGs of a world: their graphs, when they run, what they wait for, and how their next version differs. */
import { dagId, triggerId } from "../../../shared/core/ids.ts";
import type { ArrivalTriggerSpec, CronSpec, Manifest, ScheduleSpec } from "../../../shared/core/manifest.ts";
import { aManifest } from "../../builders/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";
import { BENT_MORE, type Bent } from "./bent.ts";
import { generateTasks, type MapHabits } from "./graph.ts";
import { BUCKET } from "./plan.ts";
import { editedTasks } from "./task-edits.ts";

export type Tempo = "hours" | "day" | "days";

/** What the DAGs of a world have in common. */
export interface Customs {
  readonly tempo: Tempo;
  /** DAGs like to fire together. */
  readonly minutes: readonly number[];
  /** Where their clocks hang. */
  readonly timezone: string;
  /** Absent: as usual. */
  readonly maps?: MapHabits;
}

export function generateDag(random: Random, name: string, customs: Customs): Manifest {
  return aManifest({
    dagId: dagId(name),
    owner: "data-team",
    timezone: customs.timezone,
    schedule: random.chance(0.6) ? scheduleOf(random, customs) : null,
    triggers: random.chance(0.5) ? triggersOf(random, name) : [],
    ...overlapOf(random),
    maxActiveRuns: random.integer(1, 3),
    runTimeoutMs: random.chance(0.25) ? random.pick([300_000, 1_800_000]) : null,
    retryBudgetMs: random.chance(0.2) ? random.pick([60_000, 600_000]) : null,
    tasks: generateTasks(random, customs.maps),
    hooks: { onSuccess: random.chance(0.15), onFailure: random.chance(0.25) },
    codeHash: `code-${random.integer(1, 1_000_000)}`,
  });
}

function overlapOf(random: Random): Pick<Manifest, "catchup" | "overlap"> {
  if (random.chance(0.4)) return { catchup: { windowMs: 365 * 86_400_000 }, overlap: "queue" };
  return { catchup: null, overlap: random.pick(["latest", "latest", "queue", "skip", "cancel"] as const) };
}

function scheduleOf(random: Random, { tempo, minutes, timezone }: Customs): ScheduleSpec {
  const everyHours = tempo === "hours" ? 1 : tempo === "day" ? random.pick([6, 24] as const) : 24;
  const hour = random.integer(0, 23);
  const hours = { 1: "*", 6: "*/6", 24: String(timezone === "UTC" ? hour : hour % 5) }[everyHours];
  // Where a clock moves by less than an hour, what an hour is depends on whom one asks.
  const hourly = PART_OF_AN_HOUR.includes(timezone) ? "cron" : "hour";
  const period = everyHours === 1 ? hourly : everyHours === 24 ? "day" : "none";
  const interval = random.pick(["cron", period] as const);
  return {
    kind: "cron",
    expressions: [`${random.pick(minutes)} ${hours} * * *`],
    interval,
    timezone,
    dst: timezone === "UTC" ? { gap: "shift", fold: "first" } : dstOf(random, interval),
    start: null,
    end: null,
  };
}

const PART_OF_AN_HOUR: readonly string[] = ["Australia/Lord_Howe", "Asia/Pyongyang", "Asia/Kathmandu"];

const dstOf = (random: Random, interval: ScheduleSpec["interval"]): CronSpec["dst"] => ({
  gap: random.pick(["shift", "shift", "skip"]),
  // What covers whole days fires once in each.
  fold: random.pick(interval === "cron" ? ["first", "second", "both"] : ["first", "second"]),
});

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
export function changedDag(random: Random, before: Manifest, customs: Customs & { readonly bent: Bent }): Manifest {
  const { bent } = customs;
  const codeHash = `code-${random.integer(1, 1_000_000)}`;
  const changed: Partial<Manifest> = random.weighted<() => Partial<Manifest>>([
    [3, () => ({})],
    [2, () => ({ tasks: generateTasks(random) })],
    [bent === "versions" ? 4 * BENT_MORE : 4, () => editedTasks(random, before)],
    [
      bent === "edits" ? 4 * BENT_MORE : 4,
      () => ({ schedule: random.chance(0.3) ? null : scheduleOf(random, customs) }),
    ],
    [2, () => ({ triggers: random.chance(0.3) ? [] : triggersOf(random, before.dagId) })],
    [2, () => ({ maxActiveRuns: random.integer(1, 3) })],
    [1, () => overlapOf(random)],
    [1, () => ({ ...before, tasks: generateTasks(random), triggers: triggersOf(random, before.dagId) })],
  ])();
  return { ...before, ...changed, codeHash };
}
