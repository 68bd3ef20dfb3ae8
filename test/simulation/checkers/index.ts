/**
 * Every checker of the suite. Each must have had something to check over the suite's seeds: one that never did shows
 * nothing, and fails it.
 */
import { firingsBetween } from "../world/dags.ts";
import * as attempts from "./attempts.ts";
import type { Checker } from "./checker.ts";
import * as dags from "./dags.ts";
import * as maps from "./maps.ts";
import * as rest from "./rest.ts";
import * as runs from "./runs.ts";
import * as signals from "./signals.ts";
import * as tasks from "./tasks.ts";

export const CHECKERS: readonly Checker[] = [
  runs.oneRunPerDate,
  runs.arrivalInOneRun,
  rest.requestsGiveOneRun,
  dags.windowsRise,
  tasks.movesFollowTheGraph,
  tasks.terminalIsAbsorbing,
  attempts.oneLiveClaim,
  attempts.noOldClaim,
  attempts.noOldCode,
  attempts.itemsEndOnce,
  attempts.lostByItsLease,
  attempts.attemptsRise,
  attempts.closedBeforeSuperseded,
  attempts.successIsTheAttemptsOwn,
  attempts.finishedCounts,
  maps.mapsEndAsTheirInstances,
  maps.instancesStopForFailures,
  maps.concurrencyIsKept,
  maps.roomIsUsed,
  maps.listsGiveTheInstances,
  maps.instancesGetTheirItems,
  maps.resultsComeInOrder,
  signals.queuedOnce,
  signals.toldOnce,
  tasks.startsWhenItsRuleHolds,
  tasks.nothingStartsInAnEndingRun,
  tasks.startsOnlyInARunningRun,
  tasks.retriesWaitForTheirTime,
  tasks.passedOverOnlyByRule,
  tasks.everyEndHasItsCause,
  tasks.finalStatesFollowFromTheRules,
  attempts.attemptsAreBounded,
  attempts.lossesAreNoTries,
  attempts.hardFailuresAreFinal,
  dags.placesAreBounded,
  dags.removedAdmitsNothing,
  dags.noRunTwiceActive,
  dags.runningHoldsAPlace,
  dags.placesAreFreedByEnds,
  dags.admittedBeforeCreated,
  runs.terminalWhenAllAre,
  runs.endedStaysEnded,
  runs.resultFollowsFromItsTasks,
  signals.dispatchedAfterCommit,
  signals.completedAfterFinish,
  signals.sentAtGrowingIntervals,
  signals.toldTheTruth,
  signals.nothingUndecidable,
  signals.nothingFloats,
  rest.effectsAreAcknowledged,
  runs.versionsRiseByOne,
  runs.storedFormSaysAll,
  runs.recordsStaySmall,
  signals.messagesStaySmall,
  attempts.retriesKeepTheirBudget,
  rest.everyRunEnds,
  dags.dueDatesAreFired,
  dags.dueDatesAreAccountedFor,
  dags.intervalsAreDisjoint,
  rest.dueDatesHaveRuns(({ schedule }, from, until) =>
    schedule === null ? [] : firingsBetween(schedule, from, until),
  ),
  rest.everyArrivalFires,
  rest.placesAreFree,
  rest.claimsAreOver,
  rest.queuesDrain,
  runs.nothingWaitsForNothing,
  rest.cancelsTakeEffect,
  rest.cancelsAreQuick,
];
