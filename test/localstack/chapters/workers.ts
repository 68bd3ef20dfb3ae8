/** Workers over the deployed stack, which begins them as containers of its own on AWS. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildWorker, startWorker, type WorkerCode, type WorkerProcess } from "../worker.ts";
import { ended, eventually, tasksOf, trigger, type DeployedWorld } from "../world.ts";

/** The daemon, not only its command. */
const hasDocker = spawnSync("docker", ["info"]).status === 0;

export function workersChapter(world: () => DeployedWorld): void {
  let code: WorkerCode;
  const workers: WorkerProcess[] = [];
  const start = (): WorkerProcess => {
    const worker = startWorker(code, world().url, { STOP_GRACE_SECONDS: "1" });
    workers.push(worker);
    return worker;
  };

  describe("a worker, as its container starts it", () => {
    beforeAll(async () => {
      code = await buildWorker();
    });
    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    });
    afterAll(() => code.remove());

    test("runs its tasks of a run that functions run the others of", async () => {
      const worker = start();

      const run = await trigger(world(), "mixed");

      expect((await ended(world(), run)).state).toBe("success");
      expect(worker.lines().map(({ message, taskId, rows }) => ({ message, taskId, rows }))).toContainEqual(
        expect.objectContaining({ message: "crunches", taskId: "crunch" }),
      );
    });

    test("that is told to stop hands back what does not end in time, and another goes on with it", async () => {
      const first = start();
      const run = await trigger(world(), "endless");
      await begun(first);
      await eventually("claim", async () => {
        const [task] = await tasksOf(world(), run);
        return task?.state === "running" ? true : undefined;
      });

      const exit = await first.stop();
      start();

      expect(exit).toBe(0);
      expect((await ended(world(), run)).state).toBe("success");
      expect(await tasksOf(world(), run)).toMatchObject([{ taskId: "waiting", state: "success", attempt: 2 }]);
    });
  });

  test.skipIf(!hasDocker)("the image of a worker builds from its Dockerfile", () => {
    const root = join(import.meta.dirname, "../../..");
    expect(spawnSync("npm", ["run", "worker:build"], { cwd: root }).status).toBe(0);

    const { status, stderr } = spawnSync("docker", ["build", join(root, "tmp/worker")], { encoding: "utf8" });

    expect(status, stderr).toBe(0);
  });
}

const begun = (worker: WorkerProcess): Promise<true> =>
  eventually("attempt at work", async () =>
    worker.lines().some(({ message }) => message === "takes attempts") ? true : undefined,
  );
