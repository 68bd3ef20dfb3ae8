/** Promises about deadlines: when they are, and that each which is missed is noted and told, once. */
import type { CronSpec, DeadlineSpec, ScheduleSpec } from "../../../shared/core/manifest.ts";
import type { Run, RunDeadline } from "../../../shared/core/run.ts";
import { instant, iso } from "../../../shared/core/time.ts";
import type { RunChange } from "../../../shared/simulated/watch.ts";
import { SCHEDULER_SKEW_MS_MAX } from "../actors/consumer.ts";
import { coverageOf, firingsBetween } from "../world/clocks.ts";
import type { Checker, Expect, Rest } from "./checker.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** From the end of an interval to its run, and from a run to the next time of day: a day, and what a clock may skip. */
const REACH_MS = 50 * HOUR_MS;

const textOf = ({ name, at, missedAt }: RunDeadline): string =>
  `'${name}' of ${iso(at)}${missedAt === undefined ? "" : `, missed at ${iso(missedAt)}`}`;
const listText = (deadlines: readonly RunDeadline[]): string => deadlines.map(textOf).join("; ");

export const deadlinesFollowTheCalendar: Checker = {
  promise: "S13",
  says: "the deadlines of a run are when its DAG and the clocks of their zones have them",
  run(change, _moves, _seen, expect) {
    const { before, after, manifest } = change;
    if (before !== undefined || (manifest.deadlines.length === 0 && after.deadlines === undefined)) return;
    const wanted = wantedOf(change);
    if (wanted === undefined) return;
    const found = (after.deadlines ?? []).map(({ name, at }) => `${name} ${at}`);
    expect(
      wanted.toSorted().join() === found.toSorted().join(),
      () => `${after.runId} has ${listText(after.deadlines ?? [])}; expected ${wanted.join(", ")}`,
    );
  },
};

/** undefined: nobody can say, since an edit of the schedule has moved what the run covers. */
function wantedOf({ after, manifest }: RunChange): readonly string[] | undefined {
  if (after.runType === "backfill" || after.origin.kind === "chunk") return [];
  const dueAt = dueOf(after, manifest.schedule as CronSpec | null);
  if (dueAt === undefined) return undefined;
  const wanted: string[] = [];
  for (const spec of manifest.deadlines) {
    const at = instantOf(spec, after, dueAt);
    if (at === undefined) return undefined;
    if (at !== null && !isOver(at, after, dueAt, manifest.schedule)) wanted.push(`${spec.name} ${at}`);
  }
  return wanted;
}

/** Nobody asks for a run that is late already; of dates that are made up for, the last one tells what it missed days ago. */
function isOver(at: number, { origin, queuedAt }: Run, dueAt: number, schedule: ScheduleSpec | null): boolean {
  if (origin.kind !== "schedule" || at > queuedAt) return at <= queuedAt;
  if (at > queuedAt - DAY_MS || schedule === null) return false;
  return firingsBetween(schedule, dueAt, queuedAt).length > 0;
}

function dueOf({ origin, dataInterval, queuedAt }: Run, schedule: CronSpec | null): number | undefined {
  if (origin.kind !== "schedule") return queuedAt;
  if (schedule === null || dataInterval === null) return undefined;
  const { start, end } = dataInterval;
  return firingsBetween(schedule, end - 1, end + REACH_MS).find((due) => {
    const covers = coverageOf(schedule, due);
    return covers.start === start && covers.end === end;
  });
}

function instantOf(spec: DeadlineSpec, run: Run, dueAt: number): number | null | undefined {
  if ("by" in spec) return nextShowing(spec, dueAt);
  const from = { due: dueAt, logicalDate: run.logicalDate, queued: run.queuedAt }[spec.from];
  return typeof from === "number" ? from + spec.withinMs : from;
}

/** As if something fired at that time of day. */
function nextShowing({ by, timezone }: Extract<DeadlineSpec, { by: number }>, after: number): number | undefined {
  const expressions = [`${by % 60} ${Math.floor(by / 60)} * * *`];
  const dst = { gap: "shift", fold: "first" } as const;
  const daily: CronSpec = { kind: "cron", expressions, interval: "none", timezone, dst, start: null, end: null };
  return firingsBetween(daily, after, after + REACH_MS)[0];
}

export const deadlinesStayAsTheyAre: Checker = {
  promise: "S2",
  says: "a deadline stays as it was fixed, and its miss as it was noted, until the run succeeds in time",
  run({ before, after }, _moves, _seen, expect) {
    if (before?.deadlines === undefined && after.deadlines === undefined) return;
    if (before === undefined) return;
    const now = new Map(after.deadlines?.map((each) => [each.name, each]));
    const succeeds = after.state === "success" && before.state !== "success";
    const changed = (before.deadlines ?? []).find(({ name, at, missedAt }) => {
      const found = now.get(name);
      if (found === undefined) return missedAt !== undefined || !succeeds || (after.endedAt ?? 0) >= at;
      const noted = missedAt === undefined ? found.missedAt === undefined || found.missedAt >= at : true;
      return found.at !== at || !noted || (missedAt !== undefined && found.missedAt !== missedAt);
    });
    const more = now.size > (before.deadlines ?? []).length;
    expect(
      changed === undefined && !more,
      () => `${after.runId} had ${listText(before.deadlines ?? [])}, and has ${listText(after.deadlines ?? [])}`,
    );
  },
};

export const missesAreToldOnce: Checker = {
  promise: "S4",
  says: "a missed deadline is told once, whatever becomes of its run",
  published({ fact }, { ledger }, expect) {
    if (fact.deadline === undefined) return;
    const before = ledger.facts.get(`${fact.runId}#${fact.type}#${fact.deadline.name}`) ?? 0;
    expect(before === 0, () => `${fact.runId} has told of '${fact.deadline?.name}' before`);
  },
};

export const missesAreToldAsNoted: Checker = {
  promise: "S11",
  says: "a deadline that is told to be missed has passed, and its record says so",
  published({ fact }, { database }, expect) {
    const { deadline, runId, at } = fact;
    if (deadline === undefined) return;
    const noted = database.runs.rows.get(runId)?.value.deadlines?.find(({ name }) => name === deadline.name);
    expect(
      noted !== undefined && noted.at === deadline.at && noted.missedAt === at && noted.at <= at,
      () => `${runId} tells at ${iso(at)} of '${deadline.name}'; its record has ${noted && textOf(noted)}`,
    );
  },
};

/** Those who note and those who end a run may have different hours. */
const SKEW_MS = 4 * SCHEDULER_SKEW_MS_MAX;
/** A tick sees what is due within a minute. */
const NOTED_WITHIN_MS = 150_000;

export const missesAreNoted: Checker = {
  promise: "L6",
  says: "a deadline that passes before its run has succeeded is noted, and no other",
  settled: (rest, expect) => eachMissIsNoted(rest, expect),
  atRest: (rest, expect) => eachMissIsNoted(rest, expect),
};

function eachMissIsNoted({ database, ledger, now, faultsStoppedAt }: Rest, expect: Expect): void {
  for (const [runId, { deadlines, metAt }] of ledger.deadlines) {
    const run = database.runs.rows.get(runId)?.value;
    for (const { name, at } of deadlines) {
      const noted = run?.deadlines?.some((each) => each.name === name && each.missedAt !== undefined) === true;
      const text = (): string =>
        `'${name}' of ${runId}, at ${iso(at)}, is ${noted ? "" : "not "}noted; it ${metAt === undefined ? `is ${run?.state}` : `succeeded at ${iso(instant(metAt))}`}`;
      if (metAt !== undefined && metAt < at - SKEW_MS) expect(!noted, text);
      else if (metAt === undefined || metAt > at + SKEW_MS) {
        if (Math.max(at, faultsStoppedAt) + NOTED_WITHIN_MS < now) expect(noted, text);
      }
    }
  }
}
