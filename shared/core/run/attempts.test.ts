import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aFailure,
  aRetrySpec,
  aScene,
  aSuccess,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RetrySpec } from "../manifest.ts";
import { LOSSES_MAX } from "../retry.ts";
import { plus } from "../time.ts";
import { CLOSE_AGAIN_AFTER_MS, TIMEOUT_GRACE_MS } from "./attempts.ts";

const TIMEOUT_MS = 10 * MINUTE_MS;
const QUEUED_TIMEOUT_MS = 30 * MINUTE_MS;

const aRetrying = (retry: Partial<RetrySpec> = {}): Scene =>
  aScene([
    aTaskSpec("extract", {
      retry: aRetrySpec({ retries: 2, delayMs: 10 * SECOND_MS, ...retry }),
      timeoutMs: TIMEOUT_MS,
      queuedTimeoutMs: QUEUED_TIMEOUT_MS,
    }),
    aTaskSpec("load", { after: ["extract"] }),
  ]);

/** Until the record wants to be looked at. */
const untilDue = (scene: Scene): Scene => scene.after((scene.run.due ?? scene.now) - scene.now).wake();
const untilRetried = (scene: Scene): Scene =>
  scene.after((scene.detail("extract")?.due ?? scene.now) - scene.now).wake();

describe("a failure that may pass", () => {
  test("is tried again after the delay, and not before", () => {
    const scene = aRetrying().after(SECOND_MS).fail("extract");

    expect(scene.state("extract")).toBe("up_for_retry");
    expect(scene.detail("extract")).toMatchObject({
      due: plus(NOON, 11 * SECOND_MS),
      cause: { code: "error", text: "Error: the warehouse did not answer", class: "transient", name: "Error" },
    });
    expect(scene.all("timer")).toEqual([{ type: "timer", at: plus(NOON, 11 * SECOND_MS) }]);
    expect(
      scene
        .after(10 * SECOND_MS - 1)
        .wake()
        .dispatched(),
    ).toEqual([]);
    expect(scene.after(1).wake().dispatched()).toEqual(["extract#2"]);
  });

  test("waits longer each time, and fails once its tries are spent", () => {
    const scene = aRetrying();
    scene.fail("extract");
    expect(scene.detail("extract")?.due).toBe(plus(scene.now, 10 * SECOND_MS));
    untilRetried(scene).fail("extract");
    expect(scene.detail("extract")?.due).toBe(plus(scene.now, 20 * SECOND_MS));
    untilRetried(scene).fail("extract");

    expect(scene.states()).toEqual({ extract: "failed", load: "upstream_failed" });
    expect(scene.detail("extract")?.cause).toEqual({
      code: "retries_exhausted",
      text: "Error: the warehouse did not answer (after 3 tries)",
      class: "transient",
      name: "Error",
    });
  });

  test("is not tried again once the task's retry time would be over", () => {
    const scene = aRetrying({ budgetMs: 15 * SECOND_MS });
    untilRetried(scene.fail("extract")).fail("extract");

    expect(scene.state("extract")).toBe("failed");
    expect(scene.detail("extract")?.cause).toMatchObject({
      code: "retry_budget",
      text: "Error: the warehouse did not answer (the next try would start after the task's retry budget of 15s)",
    });
  });

  test("has its retry time counted from its first failure, however often it fails", () => {
    const scene = aRetrying({ retries: 9, backoff: 1, budgetMs: 25 * SECOND_MS });
    for (let failures = 1; failures <= 3; failures++) untilRetried(scene.fail("extract"));

    expect([scene.state("extract"), scene.attempt("extract")]).toEqual(["failed", 3]);
  });

  test("is not tried again once the run's retry time would be over, whichever task spent it", () => {
    const retry = aRetrySpec({ retries: 5, delayMs: 10 * SECOND_MS });
    const scene = aScene([aTaskSpec("a", { retry }), aTaskSpec("b", { retry })], { retryBudgetMs: MINUTE_MS });
    scene
      .fail("a")
      .after(55 * SECOND_MS)
      .fail("b");

    expect([scene.state("a"), scene.state("b")]).toEqual(["up_for_retry", "failed"]);
    expect(scene.detail("b")?.cause).toMatchObject({
      code: "retry_budget",
      text: expect.stringContaining("the run's"),
    });
  });

  test("by its timeout is tried again", () => {
    expect(aRetrying().fail("extract", { class: "timeout" }).state("extract")).toBe("up_for_retry");
  });
});

describe.each(["permanent", "quarantine"] as const)("a failure of class %s", (errorClass) => {
  test("is never tried again", () => {
    const scene = aRetrying().fail("extract", { class: errorClass, name: "TypeError", message: "x is not a function" });

    expect(scene.state("extract")).toBe("failed");
    expect(scene.detail("extract")?.cause).toEqual({
      code: "error",
      text: "TypeError: x is not a function",
      class: errorClass,
      name: "TypeError",
    });
  });
});

test("a task that its author skips is skipped, with the reason", () => {
  const scene = aRetrying();
  scene.tell(scene.completed("extract", { kind: "skipped", reason: "a holiday" }));

  expect(scene.states()).toEqual({ extract: "skipped", load: "skipped" });
  expect(scene.detail("extract")?.cause).toEqual({ code: "author_skip", text: "a holiday" });
});

describe("an attempt that is found at work", () => {
  test("is running since its executor began, and is looked at when its lease ends", () => {
    const startedAt = plus(NOON, 5 * SECOND_MS);
    const leaseUntil = plus(NOON, 60 * SECOND_MS);
    const scene = aRetrying()
      .after(30 * SECOND_MS)
      .see("extract", { status: "running", startedAt, leaseUntil });

    expect([scene.state("extract"), scene.detail("extract")]).toEqual([
      "running",
      { since: startedAt, due: leaseUntil },
    ]);
  });

  test("is looked at when its timeout and grace are over, if the lease reaches beyond", () => {
    const scene = aRetrying().see("extract", { status: "running", leaseUntil: plus(NOON, HOUR_MS) });

    expect(scene.detail("extract")?.due).toBe(plus(NOON, TIMEOUT_MS + TIMEOUT_GRACE_MS));
  });

  test("with a lease that was renewed is left alone", () => {
    const scene = aRetrying().see("extract", { status: "running", leaseUntil: plus(NOON, MINUTE_MS) });
    untilDue(scene).see("extract", { status: "running", leaseUntil: plus(NOON, 2 * MINUTE_MS) });

    expect([scene.state("extract"), scene.detail("extract")?.due]).toEqual(["running", plus(NOON, 2 * MINUTE_MS)]);
  });

  test("is not taken for lost by a look that is older than the last one", () => {
    const scene = aRetrying().see("extract", { status: "running", leaseUntil: plus(NOON, 2 * MINUTE_MS) });
    scene.after(MINUTE_MS).see("extract", { status: "running", leaseUntil: plus(NOON, 30 * SECOND_MS) });

    expect([scene.state("extract"), scene.commands]).toEqual(["running", []]);
  });

  test("that has finished, unheard, comes to its end", () => {
    const scene = untilDue(aRetrying()).see("extract", { status: "finished", outcome: aSuccess() });

    expect(scene.dispatched()).toEqual(["load#1"]);
  });
});

describe("an attempt whose lease is over", () => {
  const leaseUntil = plus(NOON, MINUTE_MS);
  const expired = (): Scene =>
    aRetrying()
      .see("extract", { status: "running", leaseUntil })
      .after(MINUTE_MS)
      .wake()
      .see("extract", { status: "running", leaseUntil });

  test("is closed first, on the lease that was seen, before anything else happens", () => {
    const scene = expired();

    expect(scene.commands).toEqual([
      { type: "close", key: scene.key("extract", 1), reason: "lost", lease: leaseUntil },
    ]);
    expect(scene.state("extract")).toBe("restarting");
    expect(scene.detail("extract")?.target).toEqual({
      to: "retry",
      class: "lost",
      text: "its executor stopped renewing the lease",
    });
  });

  test("once closed is tried again, at no cost of a try", () => {
    const scene = expired().see("extract", { status: "closed", reason: "lost" });

    expect(scene.state("extract")).toBe("up_for_retry");
    expect(scene.detail("extract")).toMatchObject({
      losses: 1,
      due: plus(scene.now, 2 * SECOND_MS),
      cause: { code: "lost" },
    });
    for (let failures = 1; failures <= 3; failures++) untilRetried(scene).fail("extract");
    expect(scene.detail("extract")?.cause).toMatchObject({
      code: "retries_exhausted",
      text: expect.stringContaining("3 tries"),
    });
  });

  test("turns out to be alive: it goes on", () => {
    const scene = expired().see("extract", { status: "running", leaseUntil: plus(NOON, 3 * MINUTE_MS) });

    expect(scene.state("extract")).toBe("running");
    expect(scene.detail("extract")).toEqual({ since: NOON, due: plus(NOON, 3 * MINUTE_MS) });
    expect(scene.commands).toEqual([]);
  });

  test("was renewed and is over once more: it is closed on the newer lease", () => {
    const renewed = plus(NOON, MINUTE_MS + SECOND_MS);
    const scene = expired()
      .after(5 * SECOND_MS)
      .see("extract", { status: "running", leaseUntil: renewed });

    expect(scene.all("close")).toMatchObject([{ reason: "lost", lease: renewed }]);
    expect(scene.state("extract")).toBe("restarting");
  });

  test("turns out to have finished: that is its end", () => {
    expect(expired().see("extract", { status: "finished", outcome: aSuccess() }).state("extract")).toBe("success");
  });

  test("is closed again if the answer never came", () => {
    const scene = expired().after(CLOSE_AGAIN_AFTER_MS).wake();

    expect(scene.all("close")).toMatchObject([{ reason: "lost", lease: leaseUntil }]);
    expect(scene.detail("extract")?.due).toBe(plus(scene.now, CLOSE_AGAIN_AFTER_MS));
  });
});

test("the platform may lose an attempt a named number of times, after waits that double; then the task fails", () => {
  const scene = aRetrying({ retries: 0 });
  const waits: number[] = [];
  for (let loss = 1; loss <= LOSSES_MAX; loss++) {
    scene.fail("extract", { class: "lost", message: "the worker died" });
    waits.push((scene.detail("extract")?.due ?? 0) - scene.now);
    untilRetried(scene);
  }
  scene.fail("extract", { class: "lost", message: "the worker died" });

  expect(waits).toEqual([2 * SECOND_MS, 4 * SECOND_MS, 8 * SECOND_MS]);
  expect([scene.state("extract"), scene.detail("extract")?.cause]).toEqual([
    "failed",
    { code: "lost", text: `the worker died (lost ${LOSSES_MAX + 1} times)` },
  ]);
});

describe("an attempt that runs longer than its timeout and the grace", () => {
  const overdue = (retry: Partial<RetrySpec> = {}): Scene => {
    const scene = aRetrying(retry).see("extract", { status: "running", leaseUntil: plus(NOON, HOUR_MS) });
    return scene
      .after(TIMEOUT_MS + TIMEOUT_GRACE_MS)
      .wake()
      .see("extract", { status: "running", leaseUntil: plus(NOON, HOUR_MS) });
  };

  test("is closed, whatever its lease", () => {
    const scene = overdue();

    expect(scene.commands).toEqual([{ type: "close", key: scene.key("extract", 1), reason: "timeout" }]);
  });

  test("once closed counts as a failure, and is tried again", () => {
    const scene = overdue().see("extract", { status: "closed", reason: "timeout" });

    expect([scene.state("extract"), scene.detail("extract")?.cause]).toEqual([
      "up_for_retry",
      { code: "error", text: "TaskTimeout: ran longer than its timeout", class: "timeout", name: "TaskTimeout" },
    ]);
  });

  test("fails with its last try", () => {
    const scene = overdue({ retries: 0 }).see("extract", { status: "closed", reason: "timeout" });

    expect(scene.state("extract")).toBe("failed");
  });

  test("turns out to have finished: that is its end", () => {
    expect(overdue().see("extract", { status: "finished", outcome: aSuccess() }).state("extract")).toBe("success");
  });

  test("is closed for its timeout also while it is being closed as lost", () => {
    const scene = aRetrying().see("extract", { status: "running", leaseUntil: plus(NOON, MINUTE_MS) });
    scene.after(MINUTE_MS).see("extract", { status: "running", leaseUntil: plus(NOON, MINUTE_MS) });
    scene.after(TIMEOUT_MS).see("extract", { status: "running", leaseUntil: plus(scene.now, MINUTE_MS) });

    expect(scene.commands).toEqual([{ type: "close", key: scene.key("extract", 1), reason: "timeout" }]);
    expect(scene.detail("extract")).not.toHaveProperty("lease");
  });
});

describe("an attempt that nobody takes within its queued timeout", () => {
  test("is looked at when that is over, if that is before it would be sent again", () => {
    const scene = aScene([aTaskSpec("extract", { queuedTimeoutMs: 12 * SECOND_MS })]);

    expect(scene.run.due).toBe(plus(NOON, 12 * SECOND_MS));
  });

  const waited = (): Scene => aRetrying().after(QUEUED_TIMEOUT_MS).wake().see("extract", null);

  test("is closed, so that nobody takes it later", () => {
    const scene = waited();

    expect(scene.commands).toEqual([{ type: "close", key: scene.key("extract", 1), reason: "queued_timeout" }]);
  });

  test("once revoked fails its task, which is not tried again", () => {
    const scene = waited().see("extract", { status: "revoked", reason: "queued_timeout" });

    expect([scene.state("extract"), scene.detail("extract")?.cause]).toEqual([
      "failed",
      { code: "closed", reason: "queued_timeout", text: "no executor took it within its queued timeout" },
    ]);
  });

  test("and was taken at the last moment has failed all the same, now that it was to be closed", () => {
    expect(waited().see("extract", { status: "finished", outcome: aSuccess() }).state("extract")).toBe("failed");
  });

  test("counts from the first sending of each attempt", () => {
    const scene = aRetrying()
      .after(QUEUED_TIMEOUT_MS - SECOND_MS)
      .fail("extract");
    untilRetried(scene).after(MINUTE_MS).wake().see("extract", null);

    expect(scene.all("dispatch")).toMatchObject([{ key: { attempt: 2 }, send: 2 }]);
  });
});

describe("an attempt that is being closed for good", () => {
  const closing = (): Scene => aRetrying().cancel();

  test.each([
    ["has finished", { status: "finished", outcome: aSuccess() }],
    ["has failed", { status: "finished", outcome: aFailure() }],
    ["is closed", { status: "closed", reason: "cancelled" }],
    ["is revoked", { status: "revoked", reason: "cancelled" }],
  ] as const)("comes to its target when it %s", (_, item) => {
    expect(closing().see("extract", item).state("extract")).toBe("skipped");
  });

  test("comes to its target when its completion arrives", () => {
    expect(closing().succeed("extract").state("extract")).toBe("skipped");
  });

  test.each([
    ["is still running", { status: "running", leaseUntil: plus(NOON, HOUR_MS) }],
    ["is not there", null],
  ] as const)("is closed again when it %s", (_, item) => {
    const scene = closing().after(SECOND_MS).see("extract", item);

    expect(scene.all("close")).toMatchObject([{ reason: "cancelled" }]);
    expect(scene.state("extract")).toBe("restarting");
  });
});

describe("an attempt found closed although the record says nothing of it", () => {
  test.each([
    ["lost", "up_for_retry"],
    ["timeout", "up_for_retry"],
    ["queued_timeout", "failed"],
    ["run_timeout", "failed"],
    ["budget", "failed"],
    ["cancelled", "skipped"],
  ] as const)("for '%s' is %s", (reason, state) => {
    expect(aRetrying().see("extract", { status: "closed", reason }).state("extract")).toBe(state);
  });
});

test("what is due of several tasks is read together", () => {
  const scene = aScene([aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c")])
    .after(30 * SECOND_MS)
    .wake();

  expect(scene.commands).toEqual([{ type: "inspect", keys: [scene.key("a"), scene.key("b"), scene.key("c")] }]);
});
