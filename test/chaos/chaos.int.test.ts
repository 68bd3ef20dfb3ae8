import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "./checks/index.ts";
import { gather, type Evidence, type RunEvidence, type TaskEvidence } from "./evidence.ts";
import { endLeftProcesses, makePlace, removePlace, type Place } from "./place.ts";
import { raiseStorm } from "./storm.ts";
import { summaryOf } from "./summary.ts";

const KILLS = 8;
const SEED = 20_261_120;
const STORM_MS_MAX = 150_000;
const MINUTE_MS = 60_000;

describe.skipIf(process.platform !== "linux")(
  "a home whose processes are killed at random while there is much to do",
  () => {
    let place: Place;
    let evidence: Evidence;
    beforeAll(async () => {
      place = makePlace(SEED);
      evidence = await gather(place, await raiseStorm(place, { kills: KILLS }));
    }, STORM_MS_MAX);
    afterAll(() => {
      endLeftProcesses(place);
      removePlace(place);
    });

    test("keeps every promise", () => {
      expect(violations(evidence), summaryOf(evidence)).toEqual([]);
    });

    test("lost work to it, and did it again", () => {
      expect(evidence.storm.blows).toHaveLength(KILLS);
      expect(evidence.journal.filter(({ at, attempt }) => at === "start" && attempt > 1).length).toBeGreaterThan(0);
    });

    // A check that never fails shows nothing: each is given what it has to refuse.
    test.each<[what: string, planted: (all: Evidence) => Evidence, fault: RegExp]>([
      ["a run that never ended", withRun({ state: "running" }), /it is running/],
      ["an attempt that began twice", withLines((lines) => [...lines, ...lines]), /has two lines 'start'/],
      [
        "an older attempt beside a newer",
        withLines(([first, ...rest]) => laterAttempt(first, rest)),
        /after attempt 2 had begun/,
      ],
      [
        "a success whose code never ended",
        withLines((lines) => lines.filter(({ at }) => at !== "end")),
        /wrote no end/,
      ],
      [
        "a success that was tried again",
        withTask(({ attempt }) => ({ attempt: attempt + 1 })),
        /was followed by another/,
      ],
      ["code without a claim", withTask(() => ({ items: [] })), /began without a claim/],
      ["a file in no run", withFiles(() => []), /is in no run/],
      ["a file in two runs", withFiles((files) => [...files, ...files]), /is in 2 runs/],
      [
        "a file that was never there",
        withFiles((files) => files.map((file) => ({ ...file, size: 7 }))),
        /was never there so/,
      ],
      ["a run beside more than the DAG allows", allAtOnce, /runs were active/],
      ["a promised run that is not there", (all) => ({ ...all, runs: [] }), /it was promised, and is not there/],
      ["a loss that was found late", startedEarlier, /was found lost/],
      ["a date without a run", fiveMinutesMore, /fell due at .* and has no run/],
      [
        "a process that outlived all",
        (all) => ({ ...all, left: [{ pid: 1, command: "node" }] }),
        /process 1 was left behind/,
      ],
    ])("is refused by the checks: %s", (_what, planted, fault) => {
      expect(violations(planted(evidence))).toEqual(expect.arrayContaining([expect.stringMatching(fault)]));
    });
  },
);

type Change<T> = (value: T) => Partial<T>;

const withRun =
  (change: Partial<RunEvidence["run"]>) =>
  (all: Evidence): Evidence => ({ ...all, runs: all.runs.map((one) => ({ ...one, run: { ...one.run, ...change } })) });

/** Of all tasks that succeeded at the first try. */
const withTask =
  (change: Change<TaskEvidence>) =>
  (all: Evidence): Evidence => ({
    ...all,
    runs: all.runs.map((run) => ({
      ...run,
      tasks: run.tasks.map((task) =>
        task.state === "success" && task.attempt === 1 && task.lines.length > 0 ? { ...task, ...change(task) } : task,
      ),
    })),
  });

const withLines = (change: (lines: TaskEvidence["lines"]) => TaskEvidence["lines"]): ((all: Evidence) => Evidence) =>
  withTask(({ lines }) => ({ lines: change(lines) }));

function laterAttempt(
  first: TaskEvidence["lines"][number] | undefined,
  rest: TaskEvidence["lines"],
): TaskEvidence["lines"] {
  return first === undefined ? rest : [first, { ...first, attempt: 2 }, ...rest];
}

const withFiles =
  (change: (files: RunEvidence["files"]) => RunEvidence["files"]) =>
  (all: Evidence): Evidence => ({ ...all, runs: all.runs.map((run) => ({ ...run, files: change(run.files) })) });

/** All runs of a DAG in the same second. */
const allAtOnce = (all: Evidence): Evidence => ({
  ...all,
  dags: all.dags.map((dag) => ({ ...dag, manifest: { ...dag.manifest, maxActiveRuns: 0 } })),
});

/** As if one scheduler had lived all the time. */
const startedEarlier = (all: Evidence): Evidence => {
  const { storm } = all;
  const lives = storm.lives.slice(0, 1).map((life) => ({ ...life, startedAt: life.startedAt - MINUTE_MS }));
  return { ...all, storm: { ...storm, lives } };
};

/** As if schedules had gone on, with a scheduler that did nothing. */
const fiveMinutesMore = (all: Evidence): Evidence => {
  const { storm } = all;
  const scheduledUntil = storm.scheduledUntil + 5 * MINUTE_MS;
  const lives = storm.lives.map((life) => ({ ...life, endedAt: () => scheduledUntil }));
  return { ...all, storm: { ...storm, scheduledUntil, lives } };
};
