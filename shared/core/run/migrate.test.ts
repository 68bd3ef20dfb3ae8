import { describe, expect, test } from "vitest";
import { aManifest, aRun, aTaskSpec, aTaskTable, aVersionHash } from "../../../test/builders/index.ts";
import type { TaskSpec } from "../manifest.ts";
import { planOf } from "../plan.ts";
import type { Run } from "../run.ts";
import { taskId } from "../ids.ts";
import { stateOf } from "./draft.ts";
import { atWork, migrate } from "./migrate.ts";
import { NOON } from "../../../test/builders/times.ts";

const NEWER = aVersionHash("b");
const OLD = [aTaskSpec("extract"), aTaskSpec("clean", { after: ["extract"] }), aTaskSpec("load", { after: ["clean"] })];
const NEW = [aTaskSpec("extract"), aTaskSpec("check", { after: ["extract"] }), aTaskSpec("load", { after: ["check"] })];
const CAUSE = { code: "error", text: "no disk", class: "permanent", name: "Error" } as const;

const ended = (): Run =>
  aRun({
    state: "failed",
    tasks: aTaskTable([
      { state: "success", attempt: 2 },
      { state: "success", attempt: 3 },
      { state: "failed", attempt: 1, detail: { since: NOON, cause: CAUSE } },
    ]),
  });

const over = (run: Run, from: readonly TaskSpec[], to: readonly TaskSpec[]): Run =>
  migrate(run, aManifest({ tasks: from }), aManifest({ tasks: to }), NEWER);
const rows = (run: Run, tasks: readonly TaskSpec[]): readonly string[] =>
  planOf(aManifest({ tasks })).tasks.map(
    ({ slot, spec }) => `${spec.taskId} ${stateOf(run.tasks, slot)} #${run.tasks.attempts[slot]}`,
  );

describe("a run that is taken over to another version", () => {
  test("keeps what tasks of both have done, wherever they stand", () => {
    const run = over(ended(), OLD, NEW);

    expect(rows(run, NEW)).toEqual(["extract success #2", "check none #0", "load failed #1"]);
    expect([run.version, run.tasks.details[2]?.cause]).toEqual([NEWER, CAUSE]);
  });

  test("remembers the attempts of a task that is gone, for when it comes back", () => {
    const gone = over(ended(), OLD, NEW);
    expect(gone.formerAttempts).toEqual({ clean: 3 });

    const back = over(gone, NEW, OLD);
    expect(rows(back, OLD)).toEqual(["extract success #2", "clean none #3", "load failed #1"]);
    expect(back.formerAttempts).toBeUndefined();
  });

  test("keeps what its hooks have told", () => {
    const hooked = (tasks: readonly TaskSpec[]): readonly TaskSpec[] =>
      tasks.map((task) => ({ ...task, hooks: { onSuccess: false, onFailure: true, onRetry: false } }));
    const run = {
      ...ended(),
      tasks: aTaskTable(["success", "success", "failed", "none", "none", { state: "success", attempt: 1 }]),
    };

    expect(rows(over(run, hooked(OLD), hooked(NEW)), hooked(NEW)).at(-1)).toBe("load$onFailure success #1");
  });

  test("forgets the pauses of tasks that are gone", () => {
    const pause = { by: "ann", reason: "", at: NOON };
    const pauses = [null, taskId("clean"), taskId("load")].map((id) => ({ ...pause, taskId: id }));

    expect(over({ ...ended(), pauses }, OLD, NEW).pauses.map((each) => each.taskId)).toEqual([null, "load"]);
  });

  test("is as it was if the version is the same", () => {
    expect(over(ended(), OLD, OLD)).toEqual({ ...ended(), version: NEWER });
  });

  test("begins a task afresh that has become a mapped one", () => {
    const map = {
      over: taskId("clean"),
      input: "row",
      keyed: false,
      limit: 10,
      concurrency: null,
      tolerance: null,
      chunkWidth: 512,
    };
    const mapped = OLD.map((task) => (task.taskId === "load" ? { ...task, map } : task));

    expect(rows(over(ended(), OLD, mapped), mapped).at(-1)).toBe("load none #1");
  });

  test("takes the instances of a mapped task along", () => {
    const map = {
      over: taskId("extract"),
      input: "row",
      keyed: false,
      limit: 10,
      concurrency: null,
      tolerance: null,
      chunkWidth: 512,
    };
    const mapped = (tasks: readonly TaskSpec[]): readonly TaskSpec[] =>
      tasks.map((task) => (task.taskId === "load" ? { ...task, map } : task));
    const { tasks } = ended();
    const expansions = [{ slot: 2, number: 1, length: 2, first: 0, base: 3, rows: 2, list: 1, attemptBase: 0 }];
    const table = aTaskTable(["success", "success", "failed", "success", { state: "failed", attempt: 4 }]);
    const to = [...mapped(NEW), aTaskSpec("report")];
    const run = over({ ...ended(), tasks: { ...tasks, ...table, expansions } }, mapped(OLD), to);

    expect(run.tasks.expansions).toMatchObject([{ slot: 2, base: 4, length: 2 }]);
    expect([stateOf(run.tasks, 5), run.tasks.attempts[5]]).toEqual(["failed", 4]);
  });
});

test("what may be at work keeps a run from being taken over", () => {
  const run = aRun({ state: "running", tasks: aTaskTable(["success", "running", "none"]) });

  expect(atWork(run, aManifest({ tasks: OLD }))).toEqual(["clean"]);
  expect(atWork(ended(), aManifest({ tasks: OLD }))).toEqual([]);
});
