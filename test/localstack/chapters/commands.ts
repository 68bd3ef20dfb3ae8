/** `freshet --env`, as a person at a terminal calls it, over what the trials have deployed. */
import { describe, expect, test } from "vitest";
import type { BackfillView, PoolView } from "../../../shared/contract/views.ts";
import { runId } from "../../../shared/core/ids.ts";
import { ended, eventually, freshet, trigger, type DeployedWorld } from "../world.ts";
import { TRIALS } from "./trials.ts";

export function commandsChapter(world: () => DeployedWorld): void {
  describe("freshet --env", () => {
    test("logs: what a task has logged in a function", async () => {
      const run = await trigger(world(), "mixed");

      const lines = await eventually("log", async () => {
        const found = freshet(world(), "logs", run, "prepare") as readonly { readonly message: string }[];
        return found.some(({ message }) => message === "prepares") ? found : undefined;
      });

      expect(lines).toContainEqual(
        expect.objectContaining({ level: "info", message: "prepares", fields: { rows: 3 } }),
      );
    });

    test("pools: lists them, and gives one another size", () => {
      const set = freshet(world(), "pools", "set", "counters", "1", "--reason", "a test") as PoolView;

      expect(set).toMatchObject({ pool: "counters", slots: 1, declared: 2 });
      expect(freshet(world(), "pools")).toContainEqual(expect.objectContaining({ pool: "counters", slots: 1 }));
    });

    test("backfill: runs past dates there, and tells how far they are", async () => {
      const dates = ["--from", "2026-01-01", "--to", "2026-01-02"];
      const { backfillId } = freshet(world(), "backfill", "daily", ...dates) as BackfillView;

      const done = await eventually("end of the backfill", async () => {
        const view = freshet(world(), "backfills", backfillId) as BackfillView;
        return view.state === "completed" ? view : undefined;
      });
      expect(done).toMatchObject({ count: 2, success: 2, failed: 0 });
    });

    test("schedule: what is deployed, not what is written here", () => {
      expect(freshet(world(), "schedule", "daily", "--next", "1", "--from", "2026-01-01")).toMatchObject([
        {
          logicalDate: expect.stringContaining("T00:00:00") as string,
          due: expect.stringContaining("T04:00:00") as string,
        },
      ]);
    });

    test("plan: compares the files here with what is deployed", () => {
      const { dags } = freshet(world(), "plan", "--dags", TRIALS) as {
        readonly dags: readonly { readonly change: string }[];
      };

      expect(new Set(dags.map(({ change }) => change))).toEqual(new Set(["unchanged"]));
    });

    test("plan: names the executors that would go", () => {
      const { lostClasses } = freshet(world(), "plan", "--dags", "dags") as {
        readonly lostClasses: readonly { readonly executorClass: string }[];
      };

      expect(lostClasses.map(({ executorClass }) => executorClass)).toEqual(["lambda-512", "worker"]);
    });

    test("trigger, why and audit: a run there, and who started it", async () => {
      const started = freshet(world(), "trigger", "daily") as { readonly runId: string };

      expect((await ended(world(), runId(started.runId))).state).toBe("success");
      expect(freshet(world(), "why", started.runId)).toMatchObject({ state: "success" });
    });
  });
}
