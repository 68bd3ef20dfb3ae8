import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aChildSpec,
  aClear,
  aMapSpec,
  aMark,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import { plus } from "../time.ts";
import { advance } from "./advance.ts";

const JITTER = { retry: aRetrySpec({ retries: 1, delayMs: 10 * MINUTE_MS, jitter: "full" }) };
const HOOKS = { onSuccess: false, onFailure: true, onRetry: false };
/** How long after its failure a task is tried again. */
const waits = (scene: Scene, id: string): number => (scene.detail(id)?.due ?? NOON) - scene.now;

describe("the delay of a retry is by chance, and yet the same whoever works it out:", () => {
  test("for each task its own", () => {
    const scene = aScene([aTaskSpec("a", JITTER), aTaskSpec("b", JITTER)])
      .fail("a")
      .fail("b");

    expect([waits(scene, "a"), waits(scene, "b")]).toEqual([603_831, 772_628]);
  });

  test("for each instance its own", () => {
    const load = aTaskSpec("load", { after: ["list"], map: aMapSpec("list"), ...JITTER });
    const scene = aScene([aTaskSpec("list"), load])
      .giveList("list", 2)
      .fail("load[0]")
      .fail("load[1]");

    expect([waits(scene, "load[0]"), waits(scene, "load[1]")]).toEqual([979_339, 723_952]);
  });

  test("for each date its own", () => {
    const scene = aScene([aTaskSpec("a", JITTER)]);
    const due = [NOON, plus(NOON, HOUR_MS)].map((logicalDate) => {
      const event = scene.completed("a", { kind: "failed", error: { name: "Error", message: "", class: "transient" } });
      return advance({ ...scene.run, logicalDate }, scene.manifest, [event], NOON).run.tasks.details[0]?.due;
    });

    expect(due.map((at) => (at ?? NOON) - NOON)).toEqual([1_152_043, 864_283]);
  });
});

describe("a task that is being closed", () => {
  test("to count as done does so, although its run is cancelled meanwhile", () => {
    const scene = aScene([aTaskSpec("a")])
      .tell(aMark("success", "a"))
      .tell(CANCEL);

    expect(scene.see("a", { status: "closed", reason: "marked" }).state("a")).toBe("success");
  });

  test("since its run ran out of time has failed, and its hook hears of it", () => {
    const scene = aScene([aTaskSpec("a", { hooks: HOOKS })], { runTimeoutMs: HOUR_MS })
      .after(HOUR_MS)
      .wake();

    expect(scene.see("a", { status: "closed", reason: "run_timeout" }).dispatched()).toEqual(["a$onFailure#1"]);
  });

  test("that never ran knows of no tries before, once it is cleared", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"] })]).fail("a", { class: "permanent" });
    scene.tell(aClear(["a"]));

    expect([scene.detail("a")?.triesBefore, Object.keys(scene.detail("b") ?? {})]).toEqual([1, ["since", "cause"]]);
  });
});

test("a task that was seen at work is not sent again by a look that finds nothing", () => {
  const leaseUntil = plus(NOON, 2 * HOUR_MS);
  const scene = aScene([aTaskSpec("a", { queuedTimeoutMs: MINUTE_MS, timeoutMs: 2 * HOUR_MS })]);
  scene.see("a", { status: "running", leaseUntil }).after(HOUR_MS).see("a", null);

  expect([scene.state("a"), scene.dispatched(), scene.all("close")]).toEqual(["running", [], []]);
});

test("a task gives up a child run that takes too long, and not before", () => {
  const child = aChildSpec({ waitMs: 90 * MINUTE_MS });
  const scene = aScene([aTaskSpec("a", { child })]).succeed("a");
  const childId = scene.detail("a")?.child;

  expect(scene.after(HOUR_MS).wake().state("a")).toBe("deferred");
  expect(
    scene
      .after(30 * MINUTE_MS)
      .wake()
      .detail("a")?.cause?.text,
  ).toBe(`TaskTimeout: its child run '${childId}' took longer than 1h 30m, its timeout`);
});
