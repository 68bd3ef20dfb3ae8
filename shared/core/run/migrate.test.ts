import { describe, expect, test } from "vitest";
import { aMapSpec, aManifest, aRun, aTaskSpec, aTaskTable, aVersionHash } from "../../../test/builders/index.ts";
import type { TaskSpec } from "../manifest.ts";
import { planOf } from "../plan.ts";
import type { ChunkState, Expansion, Run } from "../run.ts";
import { TASK_STATES } from "../states.ts";
import { taskId } from "../ids.ts";
import { stateOf } from "./draft.ts";
import { atWork, migrate } from "./migrate.ts";
import { NOON } from "../../../test/builders/times.ts";

const NEWER = aVersionHash("b");
const OLD = [aTaskSpec("extract"), aTaskSpec("clean", { after: ["extract"] }), aTaskSpec("load", { after: ["clean"] })];
const NEW = [aTaskSpec("extract"), aTaskSpec("check", { after: ["extract"] }), aTaskSpec("load", { after: ["check"] })];
const CAUSE = { code: "error", text: "no disk", class: "permanent", name: "Error" } as const;

const aChunkState = (more: Partial<ChunkState>): ChunkState => ({
  ordered: 1,
  allowance: null,
  version: 1,
  heard: 1,
  ended: true,
  success: 1,
  skipped: 0,
  failed: 0,
  open: 0,
  attempt: 1,
  retried: false,
  cut: false,
  barred: false,
  failures: [],
  ...more,
});

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

  const mapped = (tasks: readonly TaskSpec[], list = "extract"): readonly TaskSpec[] =>
    tasks.map((task) => (task.taskId === "load" ? { ...task, map: aMapSpec(list) } : task));

  test("begins a task afresh that has become a mapped one, or is mapped over another list", () => {
    const rowOfLoad = (from: readonly TaskSpec[], to: readonly TaskSpec[]) => rows(over(ended(), from, to), to).at(-1);

    expect(rowOfLoad(OLD, mapped(OLD))).toBe("load none #1");
    expect(rowOfLoad(mapped(OLD), mapped(OLD, "clean"))).toBe("load none #1");
    expect(rowOfLoad(mapped(OLD), mapped(NEW))).toBe("load failed #1");
  });

  const EXPANSION = { slot: 2, number: 1, length: 2, first: 0, base: 3, rows: 2, list: 1, attemptBase: 0 };
  const withInstances = (more: Partial<Expansion> = {}): Run => ({
    ...ended(),
    tasks: {
      ...aTaskTable(["success", "success", "failed", { state: "failed", attempt: 4 }, "success"]),
      expansions: [{ ...EXPANSION, ...more }],
    },
  });

  test("takes the instances of a mapped task along, and no other rows", () => {
    const run = over(withInstances(), mapped(OLD), [...mapped(NEW), aTaskSpec("report")]);

    expect(run.tasks.expansions).toEqual([{ ...EXPANSION, base: 4 }]);
    expect([...run.tasks.states].map((_, slot) => stateOf(run.tasks, slot))).toEqual([
      "success",
      "none",
      "failed",
      "none",
      "failed",
      "success",
    ]);
    expect([...run.tasks.attempts]).toEqual([0, 0, 0, 0, 4, 0]);
  });

  test("leaves instances behind with their task, and remembers the highest attempt of any of them", () => {
    const gone = over(withInstances(), mapped(OLD), OLD.slice(0, 2));

    expect([gone.tasks.expansions, gone.tasks.states.length]).toEqual([[], 2]);
    expect(gone.formerAttempts).toEqual({ load: 4 });
  });

  test("begins a mapped task afresh above the attempts of its chunks, where it is no longer one", () => {
    const chunks = [aChunkState({ attempt: 2 }), aChunkState({ attempt: 7 })];
    const run = over(withInstances({ rows: 0, chunks }), mapped(OLD), OLD);

    expect([run.tasks.expansions, rows(run, OLD).at(-1)]).toEqual([[], "load none #7"]);
  });

  test("keeps chunks as long as they are as wide, and instances of its own whatever their width", () => {
    const wide = (chunkWidth: number): readonly TaskSpec[] =>
      OLD.map((task) => (task.taskId === "load" ? { ...task, map: aMapSpec("extract", { chunkWidth }) } : task));
    const load = (run: Run, width: number) => {
      const { tasks } = over(run, wide(2), wide(width));
      return [stateOf(tasks, 2), tasks.expansions.length];
    };
    const chunked = withInstances({ rows: 0, chunks: [aChunkState({})] });

    expect([load(chunked, 2), load(chunked, 3)]).toEqual([
      ["failed", 1],
      ["none", 0],
    ]);
    expect(load(withInstances(), 3)).toEqual(["failed", 1]);
  });

  test("keeps a map that it holds itself, whatever becomes of the chunks of another one", () => {
    const tasks = (chunkWidth: number): readonly TaskSpec[] => [
      aTaskSpec("extract"),
      aTaskSpec("wide", { after: ["extract"], map: aMapSpec("extract", { chunkWidth }) }),
      aTaskSpec("load", { after: ["extract"], map: aMapSpec("extract", { chunkWidth }) }),
    ];
    const { tasks: table } = withInstances();
    const wide = { ...EXPANSION, slot: 1, number: 2, base: 5, rows: 0, chunks: [aChunkState({})] };
    const run = { ...withInstances(), tasks: { ...table, expansions: [...table.expansions, wide] } };

    expect(rows(over(run, tasks(2), tasks(3)), tasks(3))).toEqual([
      "extract success #0",
      "wide none #1",
      "load failed #0",
    ]);
  });

  test("goes on above the attempts of a task itself, where no instance had more", () => {
    const one = aTaskTable(["success", "success", { state: "failed", attempt: 5 }]);
    const run = over({ ...ended(), tasks: { ...one, expansions: [{ ...EXPANSION, rows: 0 }] } }, mapped(OLD), OLD);

    expect(rows(run, OLD).at(-1)).toBe("load none #5");
  });

  test("begins a wide map afresh whose chunks another version makes wider", () => {
    const wide = (chunkWidth: number): readonly TaskSpec[] =>
      OLD.map((task) => (task.taskId === "load" ? { ...task, map: aMapSpec("extract", { chunkWidth }) } : task));
    const expansion = { slot: 2, number: 1, length: 3, first: 0, base: 3, rows: 0, list: 1, attemptBase: 0 };
    const expansions = [{ ...expansion, chunks: [aChunkState({ attempt: 2 }), aChunkState({ attempt: 4 })] }];
    const run = { ...ended(), tasks: { ...ended().tasks, expansions } };

    expect(over(run, wide(2), wide(2)).tasks.expansions).toHaveLength(1);
    expect(over(run, wide(2), wide(3)).tasks.expansions).toEqual([]);
    expect(rows(over(run, wide(2), wide(3)), wide(3)).at(-1)).toBe("load none #4");
  });

  test("may have been taken over before, and remembers what was gone then", () => {
    const run = { ...ended(), formerAttempts: { older: 9 } };

    expect(over(run, OLD, NEW).formerAttempts).toEqual({ older: 9, clean: 3 });
  });
});

describe("what may be at work keeps a run from being taken over:", () => {
  test.each(TASK_STATES.map((state) => [state]))("%s", (state) => {
    const run = aRun({ state: "running", tasks: aTaskTable(["success", state, "none"]) });
    const busy = ["scheduled", "queued", "running", "restarting", "deferred"].includes(state);

    expect(atWork(run, aManifest({ tasks: OLD }))).toEqual(busy ? ["clean"] : []);
  });

  test("an instance of a mapped task, by the name of its task", () => {
    const instances = { slot: 2, number: 1, length: 3, first: 0, base: 3, rows: 3, list: 1, attemptBase: 0 };
    const table = aTaskTable(["success", "success", "none", "success", "running", "success"]);
    const run = aRun({ tasks: { ...table, expansions: [instances] } });

    expect(atWork(run, aManifest({ tasks: OLD }))).toEqual(["load"]);
  });
});
