/** A run that somebody clears with a newer version of its DAG: what that version brings, and what it makes out of date. */
import { describe, expect, test } from "vitest";
import {
  HAND,
  aClear,
  aMark,
  aManifest,
  aMapSpec,
  aScene,
  aTaskSpec,
  aVersionHash,
} from "../../../test/builders/index.ts";
import type { Scene } from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";
import type { TaskSpec } from "../manifest.ts";
import { planOf } from "../plan.ts";
import type { Run } from "../run.ts";
import { advance } from "./advance.ts";
import { stateOf } from "./draft.ts";
import { migrate } from "./migrate.ts";
import { judge } from "./operate.ts";

const EXTRACT = aTaskSpec("extract");
const NEWER = aVersionHash("b");

/** The run of the scene under these tasks, after these events. */
function takenOver({ run, manifest, now }: Scene, tasks: readonly TaskSpec[], ...events: readonly RunEvent[]): Run {
  const to = aManifest({ tasks });
  return advance(migrate(run, manifest, to, NEWER), to, events, now).run;
}
const states = ({ tasks: table }: Run, tasks: readonly TaskSpec[]): Readonly<Record<string, string>> =>
  Object.fromEntries(planOf(aManifest({ tasks })).tasks.map(({ slot, spec }) => [spec.taskId, stateOf(table, slot)]));

const ALARM = aTaskSpec("alarm", { after: ["extract"], rule: "all_failed" });
const LOAD = aTaskSpec("load", { after: ["extract"] });
const OLD = [EXTRACT, LOAD, ALARM];

/** `load` failed; `alarm` is skipped, since `extract` has succeeded. */
const failed = (): Scene => aScene(OLD).succeed("extract").fail("load");

describe("what a rule has decided", () => {
  const always = [EXTRACT, LOAD, { ...ALARM, rule: "all_done" as const }];

  test("is decided again where the newer version's rule would decide otherwise", () => {
    expect(states(takenOver(failed(), always, aClear(["load"])), always)).toEqual({
      extract: "success",
      load: "none",
      alarm: "none",
    });
  });

  test("is among the changes that are told beforehand", () => {
    const { run, manifest, now } = failed();
    const to = aManifest({ tasks: always });
    const clear = { ...aClear(["load"]), ...HAND };

    expect(judge(migrate(run, manifest, to, NEWER), to, clear, now).changes).toMatchObject([
      { taskId: "load", because: "selected" },
      { taskId: "alarm", from: "skipped", to: "none", because: "version" },
    ]);
  });

  test("stands where the newer version says the same", () => {
    expect(states(takenOver(failed(), OLD, aClear(["load"])), OLD)).toMatchObject({ load: "none", alarm: "skipped" });
  });

  test("is decided again where it has something to wait for now", () => {
    const tasks = [
      EXTRACT,
      LOAD,
      aTaskSpec("check"),
      aTaskSpec("alarm", { after: ["extract", "check"], rule: "all_failed" }),
    ];
    const run = takenOver(
      failed(),
      [...tasks.slice(0, 3), { ...tasks[3], rule: "all_done" } as TaskSpec],
      aClear(["load"]),
    );

    expect(states(run, tasks)).toMatchObject({ check: "none", alarm: "none" });
  });
});

describe("a task that is mapped only now", () => {
  const mapped = [EXTRACT, aTaskSpec("load", { after: ["extract"], map: aMapSpec("extract") }), ALARM];

  test("lets the task run again that was never asked for a list", () => {
    expect(states(takenOver(failed(), mapped, aClear(["load"])), mapped)).toMatchObject({
      extract: "none",
      load: "none",
    });
  });

  test("takes the list that others have asked for", () => {
    const others = [EXTRACT, LOAD, aTaskSpec("count", { after: ["extract"], map: aMapSpec("extract") })];
    const scene = aScene(others).giveList("extract", 1).succeed("count[0]").fail("load");
    const tasks = [EXTRACT, mapped[1] as TaskSpec, others[2] as TaskSpec];

    expect(states(takenOver(scene, tasks, aClear(["load"])), tasks)).toMatchObject({
      extract: "success",
      load: "none",
    });
  });

  test("leaves alone what somebody has marked as done", () => {
    const scene = aScene(OLD).fail("extract").tell(aMark("success", "extract")).tell({ type: "admitted", epoch: 1 });
    scene.fail("load");
    const tasks = [{ ...EXTRACT }, ...mapped.slice(1)];

    expect(states(takenOver(scene, tasks, aClear(["load"])), tasks)["extract"]).toBe("success");
  });
});

describe("the list of a mapped task", () => {
  const load = aTaskSpec("load", { after: ["extract"], map: aMapSpec("extract") });
  const other = aTaskSpec("other");
  /** What clearing `ids` changes in a run whose `extract` has ended like that. */
  const changed = (end: (scene: Scene) => Scene, ...ids: readonly string[]): readonly string[] => {
    const { run, manifest, now } = end(aScene([EXTRACT, LOAD, other])).fail("other", { class: "permanent" });
    const to = aManifest({ tasks: [EXTRACT, load, other] });
    return judge(migrate(run, manifest, to, NEWER), to, { ...aClear(ids), ...HAND }, now).changes.map(
      ({ taskId, because }) => `${taskId}: ${because}`,
    );
  };
  const succeeded = (scene: Scene): Scene => scene.succeed("extract").succeed("load");

  test("is asked for, in a run that goes on, since the task begins afresh", () => {
    expect(changed(succeeded, "other")).toEqual(["extract: version", "load: version", "other: selected"]);
  });

  test("is not asked for of what did not succeed: that runs again itself, or gives none", () => {
    const skipped = (scene: Scene): Scene => scene.tell(scene.completed("extract", { kind: "skipped", reason: "" }));

    expect(changed(skipped, "other")).toEqual(["load: version", "other: selected"]);
  });

  test("is not asked for again of what has said that it gives none", () => {
    const fault = { kind: "success", output: { kind: "none" }, mapped: { faults: { load: "it is no list" } } } as const;
    const told = (scene: Scene): Scene => scene.tell(scene.completed("extract", fault)).succeed("load");

    expect(changed(told, "other")).toEqual(["load: version", "other: selected"]);
  });

  test("is left alone where the task stays what it was", () => {
    const { run, manifest, now } = failed();

    expect(
      judge(migrate(run, manifest, manifest, NEWER), manifest, { ...aClear(["load"]), ...HAND }, now).changes.map(
        ({ taskId }) => taskId,
      ),
    ).toEqual(["load"]);
  });
});

test("a task that the newer version has replaced can be cleared by itself", () => {
  const { run, manifest, now } = failed();
  const to = aManifest({ tasks: [EXTRACT, aTaskSpec("fetch", { after: ["extract"] }), ALARM] });
  const operation = judge(migrate(run, manifest, to, NEWER), to, { ...aClear(["fetch"]), ...HAND }, now);

  expect(operation.problems).toEqual([]);
  expect(operation.changes).toMatchObject([{ taskId: "fetch", from: "none", to: "none", because: "selected" }]);
});

test("a task that the newer version brings is told beforehand, too, where a run is queued again", () => {
  const { run, manifest, now } = failed();
  const to = aManifest({ tasks: [...OLD, aTaskSpec("check")] });
  const { changes } = judge(migrate(run, manifest, to, NEWER), to, { ...aClear(["load"]), ...HAND }, now);

  expect(changes.map(({ taskId, because }) => `${taskId}: ${because}`)).toEqual(["load: selected", "check: version"]);
});

test("a task that the newer version brings starts in its turn in a run that is under way", () => {
  const held = aTaskSpec("held", { after: ["extract"] });
  const scene = aScene([EXTRACT, LOAD, held])
    .tell({ type: "pause", tasks: [{ taskId: held.taskId, mapIndex: null }], ...HAND })
    .succeed("extract")
    .fail("load");
  expect(scene.run.state).toBe("running");
  const tasks = [EXTRACT, LOAD, held, aTaskSpec("check", { after: ["extract"] })];

  expect(states(takenOver(scene, tasks, aClear(["load"])), tasks)).toMatchObject({ load: "queued", check: "queued" });
});
