import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aClear,
  aPauseOf,
  aResumeOf,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import { plus } from "../time.ts";

const CHAIN = [
  aTaskSpec("extract"),
  aTaskSpec("load", { after: ["extract"] }),
  aTaskSpec("report", { after: ["load"] }),
];

const admitted = (scene: Scene): Scene => scene.tell({ type: "admitted", epoch: scene.run.epoch });

describe("a paused run", () => {
  test("starts nothing, and what was sent finishes", () => {
    const scene = aScene(CHAIN).tell(aPauseOf()).succeed("extract");

    expect([scene.states(), scene.dispatched()]).toEqual([{ extract: "success", load: "none", report: "none" }, []]);
    expect([scene.run.state, scene.run.due]).toEqual(["running", null]);
  });

  test("goes on once it is resumed", () => {
    const scene = aScene(CHAIN).tell(aPauseOf()).succeed("extract").after(HOUR_MS).tell(aResumeOf());

    expect([scene.dispatched(), scene.run.pauses]).toEqual([["load#1"], []]);
  });

  test("tries nothing again while it is, nor is it looked at for that", () => {
    const scene = aScene([aTaskSpec("extract", { retry: aRetrySpec({ retries: 1, delayMs: MINUTE_MS }) })]);
    scene.tell(aPauseOf()).fail("extract").after(HOUR_MS).wake();
    expect([scene.dispatched(), scene.run.due]).toEqual([[], null]);

    expect(scene.tell(aResumeOf()).dispatched()).toEqual(["extract#2"]);
  });

  test("sends nothing again that nobody has taken, and gives it its whole time once resumed", () => {
    const scene = aScene([aTaskSpec("extract", { queuedTimeoutMs: HOUR_MS })]).tell(aPauseOf());
    scene
      .after(2 * HOUR_MS)
      .wake()
      .see("extract", null);
    expect([scene.state("extract"), scene.dispatched()]).toEqual(["queued", []]);

    scene.tell(aResumeOf()).see("extract", null);
    expect(scene.dispatched()).toEqual(["extract#1"]);
  });

  test("does not run out of its time", () => {
    const scene = aScene(CHAIN, { runTimeoutMs: HOUR_MS }).after(MINUTE_MS).tell(aPauseOf());
    scene.after(2 * HOUR_MS).wake();
    expect(scene.run.state).toBe("running");

    scene.tell(aResumeOf());
    expect(scene.run.due).toBeLessThanOrEqual(plus(NOON, 3 * HOUR_MS));
    expect(scene.after(58 * MINUTE_MS).wake().run.cause).toBeNull();
    expect(scene.after(MINUTE_MS).wake().run.cause?.code).toBe("run_timeout");
  });

  test("is cancelled all the same, and takes down what was set up", () => {
    const tasks = [
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("work", { after: ["cluster"] }),
      aTaskSpec("teardown", { after: ["work"], role: "teardown", setups: ["cluster"], rule: "all_done_setup_success" }),
    ];
    const scene = aScene(tasks).tell(aPauseOf()).succeed("cluster").tell(CANCEL);

    expect([scene.dispatched(), scene.run.pauses]).toEqual([["teardown#1"], []]);
  });

  test("ends if nothing is left to start", () => {
    expect(
      aScene([aTaskSpec("extract")])
        .tell(aPauseOf())
        .succeed("extract").run,
    ).toMatchObject({ state: "success", pauses: [] });
  });
});

describe("a paused task", () => {
  test("is not started, while others are", () => {
    const tasks = [
      aTaskSpec("extract"),
      aTaskSpec("load", { after: ["extract"] }),
      aTaskSpec("check", { after: ["extract"] }),
    ];
    const scene = aScene(tasks).tell(aPauseOf("load")).succeed("extract");
    expect(scene.dispatched()).toEqual(["check#1"]);
    scene.succeed("check");
    expect(scene.run.state).toBe("running");

    expect(scene.tell(aResumeOf("load")).dispatched()).toEqual(["load#1"]);
  });

  test("stays so when the run is cleared", () => {
    const scene = admitted(
      aScene(CHAIN)
        .fail("extract")
        .tell(aPauseOf("load"))
        .tell(aClear(["extract"])),
    );

    expect(scene.succeed("extract").dispatched()).toEqual([]);
  });
});
