/** Promises about what has happened once faults have stopped and time has passed. */
import { isRunEnded } from "../../../shared/core/states.ts";
import { attemptKeyText } from "../../../shared/core/ids.ts";
import { instant, iso } from "../../../shared/core/time.ts";
import type { ArrivalTriggerSpec, Manifest } from "../../../shared/core/manifest.ts";
import { SCHEDULER_SKEW_MS_MAX } from "../actors/consumer.ts";
import { isWithinHours } from "../world/clocks.ts";
import type { Checker, Rest } from "./checker.ts";
import { covers, isTaken } from "./dags.ts";

const runsOf = ({ database }: Rest) => [...database.runs.rows.values()].map(({ value }) => value);
const dagsOf = ({ database }: Rest) => [...database.dags.rows.values()].map(({ value }) => value);

export const everyRunEnds: Checker = {
  promise: "L1",
  says: "every run has ended",
  atRest(rest, expect) {
    for (const run of runsOf(rest)) {
      expect(
        isRunEnded(run.state),
        () => `${run.runId} is ${run.state}, due ${run.due === null ? "never" : iso(run.due)}`,
      );
    }
  },
};

export const effectsAreAcknowledged: Checker = {
  promise: "S11",
  says: "every effect has been acknowledged, and nothing stays due",
  atRest(rest, expect) {
    for (const run of runsOf(rest)) {
      expect(
        run.effects.length === 0,
        () => `${run.runId} still has to tell ${run.effects.map(({ kind }) => kind).join(", ")}`,
      );
      expect(run.due === null, () => `${run.runId} is due at ${iso(run.due ?? instant(0))}`);
    }
  },
};

export const placesAreFree: Checker = {
  promise: "L4",
  says: "every place of every DAG is free again, and its queue is empty",
  atRest(rest, expect) {
    for (const dag of dagsOf(rest)) {
      expect(dag.active.length === 0, () => `${dag.dagId} holds ${dag.active.map(({ runId }) => runId).join(", ")}`);
      expect(dag.queue === "empty", () => `${dag.dagId} believes that runs are queued`);
      const open = dag.windows.filter((window) => window.open !== null);
      expect(open.length === 0, () => `${dag.dagId} has open windows: ${JSON.stringify(open)}`);
    }
  },
};

export const claimsAreOver: Checker = {
  promise: "L4",
  says: "no claim outlives its lease",
  atRest({ database }, expect) {
    for (const { key, item } of database.attempts.rows.values()) {
      expect(item.status !== "running", () => `${attemptKeyText(key)} is still running`);
    }
  },
};

export const queuesDrain: Checker = {
  promise: "L5",
  says: "every queue is empty, that of dead letters too, and without faults no message is given up",
  atRest({ openMessages, deadLetters }, expect) {
    expect(openMessages === 0, () => `${openMessages} messages are left`);
    expect(deadLetters === 0, () => `${deadLetters} messages were given up`);
  },
};

export const givenUpIsSettled: Checker = {
  promise: "L5",
  says: "an attempt whose message was given up was claimed all the same, or closed",
  atRest({ database, deadDispatches }, expect) {
    for (const { key } of deadDispatches) {
      const item = database.attempts.get(key);
      expect(item !== undefined, () => `${attemptKeyText(key)} was given up, and nobody has looked at it`);
    }
  },
};

export const cancelsTakeEffect: Checker = {
  promise: "L7",
  says: "a run whose cancelling was answered ends cancelled",
  atRest({ database, deeds, ledger }, expect) {
    for (const { runId, at } of deeds.cancelled) {
      // Somebody brought it back.
      if (ledger.reopened.has(runId)) continue;
      const run = database.runs.rows.get(runId)?.value;
      const before = !ledger.cancelledAt.has(runId) && (run?.endedAt ?? Infinity) <= at;
      expect(before || run?.state === "cancelled", () => `${runId} was cancelled, and is ${run?.state}`);
    }
  },
};

/** From being cancelled to having ended: closing takes a moment, teardowns their time. */
const CANCEL_MS_MAX = 4 * 3_600_000;

export const cancelsAreQuick: Checker = {
  promise: "L7",
  says: "a cancelled run ends within a bounded time",
  atRest({ database, ledger, faultsStoppedAt }, expect) {
    for (const [runId, at] of ledger.cancelledAt) {
      const run = database.runs.rows.get(runId)?.value;
      const tookMs = (run?.endedAt ?? Infinity) - Math.max(at, faultsStoppedAt);
      expect(tookMs <= CANCEL_MS_MAX, () => `${runId} took ${tookMs} ms to end after it was cancelled`);
    }
  },
};

export const requestsGiveOneRun: Checker = {
  promise: "S1",
  says: "the same idempotency key gives the same run",
  atRest({ deeds }, expect) {
    for (const [key, runIds] of deeds.started) {
      expect(runIds.size === 1, () => `${key} started ${[...runIds].join(", ")}`);
    }
  },
};

/** What was deployed so shortly before may not be seen by an index yet. */
const SEEN_AFTER_MS = 1_200_000;

export const everyArrivalFires: Checker = {
  promise: "L3",
  says: "every object that a trigger waits for is in a run",
  atRest({ deeds, ledger }, expect) {
    for (const { at, bucket, key, version } of deeds.dropped) {
      for (const { dagId, trigger } of steadyTriggers(deeds.deployed, at)) {
        if (bucket !== trigger.bucket || !key.startsWith(trigger.prefix) || !key.endsWith(trigger.suffix)) continue;
        const run = ledger.objects.get(`${dagId}#${trigger.triggerId}#${bucket}/${key}@${version}`);
        expect(run !== undefined, () => `${key}@${version} is in no run of ${dagId}/${trigger.triggerId}`);
      }
    }
  },
};

/** Triggers that every version had, unchanged in what they match, from a while before `at` to the end. */
function steadyTriggers(
  deployed: readonly { readonly at: number; readonly manifest: Manifest }[],
  at: number,
): { readonly dagId: string; readonly trigger: ArrivalTriggerSpec }[] {
  const found: { readonly dagId: string; readonly trigger: ArrivalTriggerSpec }[] = [];
  const byDag = Map.groupBy(deployed, ({ manifest }) => manifest.dagId as string);
  for (const [dagId, versions] of byDag) {
    const settled = versions.findLastIndex((version) => version.at + SEEN_AFTER_MS < at);
    const [current, ...later] = settled < 0 ? [] : versions.slice(settled).map(({ manifest }) => manifest);
    for (const trigger of current?.triggers ?? []) {
      const steady = later.every((manifest) => manifest.triggers.some((other) => sameMatch(trigger, other)));
      if (steady) found.push({ dagId, trigger });
    }
  }
  return found;
}

const sameMatch = (a: ArrivalTriggerSpec, b: ArrivalTriggerSpec): boolean =>
  a.triggerId === b.triggerId && a.bucket === b.bucket && a.prefix === b.prefix && a.suffix === b.suffix;

/** Without faults a date is looked at by then. */
const FIRED_WITHIN_MS = 180_000;
/** What the faults left behind takes this long to be caught up with. */
const SETTLED_AFTER_MS = 3_600_000;

const MINUTE_MS = 60_000;

/** Whether the DAG may start runs for long enough within the stretch. */
function isOpen({ allowedHours, timezone }: Manifest, from: number, until: number): boolean {
  if (allowedHours === null) return until - from > FIRED_WITHIN_MS;
  let since: number | undefined;
  for (let at = Math.ceil(from / MINUTE_MS) * MINUTE_MS; at <= until; at += MINUTE_MS) {
    since = isWithinHours(timezone, allowedHours, at) ? (since ?? at) : undefined;
    if (since !== undefined && at - since > FIRED_WITHIN_MS) return true;
  }
  return false;
}

export function dueDatesHaveRuns(
  firings: (manifest: Manifest, from: number, until: number) => readonly number[],
): Checker {
  return {
    promise: "L2",
    says: "without faults, every due date for which there was room has its run",
    settled(rest, expect) {
      const { database, ledger, faultsStoppedAt, now } = rest;
      for (const dag of dagsOf(rest)) {
        const manifest = database.manifest(dag.version);
        const since = Math.max(faultsStoppedAt + SETTLED_AFTER_MS, ledger.scheduledSince(dag.dagId) ?? now);
        const dues = firings(manifest, since, now);
        for (const [index, due] of dues.entries()) {
          const next = Math.min(dues[index + 1] ?? now, now) - FIRED_WITHIN_MS;
          // Later than that it is passed over.
          const until = Math.min(next, due + (manifest.startWithinMs ?? Infinity) - SCHEDULER_SKEW_MS_MAX);
          // A schedule that skips passes over a date for good if there is no room as it comes due.
          const latest = manifest.overlap === "skip" ? due - SCHEDULER_SKEW_MS_MAX : until;
          const room = ledger
            .roomOf(dag.dagId)
            .filter(({ from }) => from <= latest)
            .some((stretch) => isOpen(manifest, Math.max(stretch.from, due), Math.min(stretch.until, until)));
          if (!room || manifest.schedule === null || isTaken(dag, due, manifest, database)) continue;
          const made = runsOf(rest).some(
            (run) =>
              (run.runType === "scheduled" || run.runType === "backfill") &&
              run.dagId === dag.dagId &&
              run.dataInterval !== null &&
              covers(run.dataInterval, due, manifest),
          );
          expect(made, () => `${dag.dagId} had room and did not run for ${iso(instant(due))}`);
        }
      }
    },
  };
}
