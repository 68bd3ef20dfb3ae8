import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, aScene, aTaskSpec, type Scene } from "../../../test/builders/index.ts";
import { explainDeadline } from "./explain-deadline.ts";

const TWO_HOURS = { name: "soon", from: "due", withinMs: 2 * HOUR_MS } as const;
const watched = (admitted = true): Scene =>
  aScene([aTaskSpec("extract"), aTaskSpec("load", { after: ["extract"] })], { deadlines: [TWO_HOURS], admitted });
const whyOf = (scene: Scene): string | undefined => {
  const { run, manifest, now } = scene;
  return run.deadlines?.map((deadline) => explainDeadline(run, manifest, deadline, now).why).join();
};

describe("of a deadline people are told", () => {
  test.for<[string, Scene, string]>([
    [
      "when it comes, and what the run waits for",
      watched().after(HOUR_MS),
      "in 1h; the run waits for 'extract' (queued)",
    ],
    [
      "by how much it was missed, and what the run waits for since",
      watched()
        .succeed("extract")
        .after(2 * HOUR_MS + 25 * MINUTE_MS)
        .wake(),
      "missed 25m ago; the run waits for 'load' (queued)",
    ],
    [
      "that a run has not started",
      watched(false)
        .after(2 * HOUR_MS)
        .wake(),
      "missed just now; the run has not started",
    ],
    [
      "that a run has failed",
      watched()
        .fail("extract", { class: "permanent" })
        .after(3 * HOUR_MS)
        .wake(),
      "missed 1h ago; the run is failed",
    ],
    [
      "how late a run succeeded",
      watched()
        .after(2 * HOUR_MS + MINUTE_MS)
        .succeed("extract")
        .succeed("load")
        .after(HOUR_MS),
      "missed: the run succeeded 1m too late",
    ],
    [
      "of every task that the run waits for",
      aScene([aTaskSpec("a"), aTaskSpec("b")], { deadlines: [TWO_HOURS] }),
      "in 2h; the run waits for 'a' (queued), 'b' (queued)",
    ],
    [
      "that it waits for nothing but its hook",
      aScene([aTaskSpec("a")], { deadlines: [TWO_HOURS], hooks: { onSuccess: true, onFailure: false } }).succeed("a"),
      "in 2h; the run is about to end",
    ],
    [
      "that a second has passed",
      watched()
        .after(2 * HOUR_MS + 1_000)
        .wake(),
      "missed 1s ago; the run waits for 'extract' (queued)",
    ],
    [
      "that nobody has looked since",
      watched().after(3 * HOUR_MS),
      "missed 1h ago, and not told yet; the run waits for 'extract' (queued)",
    ],
  ])("%s", ([, scene, why]) => {
    expect(whyOf(scene)).toBe(why);
  });
});
