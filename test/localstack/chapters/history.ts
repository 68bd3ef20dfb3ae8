/** All that has happened to the deployment, judged as the simulated histories are. */
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { createObjectStore } from "../../../shared/aws/s3/object-store.ts";
import { isRunEnded } from "../../../shared/core/states.ts";
import type { Judge } from "../../simulation/checkers/checker.ts";
import { CHECKERS as ALL_CHECKERS } from "../../simulation/checkers/index.ts";
import { runsFollowTheCalendar } from "../../simulation/checkers/policies.ts";
import { readHistory } from "../history/recorder.ts";
import { replay, type ReplayOptions } from "../history/replay.ts";
import { eventually, type DeployedWorld } from "../world.ts";

/** Its calendar knows the schedules of simulated worlds only, of which none fires every minute. */
const CHECKERS = ALL_CHECKERS.filter((checker) => checker !== runsFollowTheCalendar);

/** Safety promises that a history of records and facts can break. */
const JUDGED = ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S16", "S17"];

export function historyChapter(world: () => DeployedWorld): void {
  describe("the recorded history", () => {
    let options: ReplayOptions;
    let judge: Judge;
    beforeAll(async () => {
      await rest(world());
      const { clients, deployment, engine } = world();
      options = {
        history: await readHistory(clients, inject("localstack").recording),
        attemptsTable: deployment.attemptsTable,
        version: engine.versions,
        blobs: await ownObjects(world()),
        checkers: CHECKERS,
        rest: { openMessages: await openMessages(world()), deadLetters: 0, deadDispatches: [] },
      };
      judge = await replay(options);
    });

    test("breaks no promise", () => {
      expect(judge.violation).toBeUndefined();
    });

    test.each(JUDGED)("shows something of %s", (promise) => {
      const judged = CHECKERS.filter((checker) => checker.promise === promise && judge.checked.has(checker.says));

      expect(judged).not.toEqual([]);
    });

    test("would convict a deployment that went on without closing an attempt that was cleared", async () => {
      const { history } = options;
      const changes = history.changes.filter(({ image }) => image?.["reason"]?.S !== "cleared");

      const convicted = await replay({ ...options, history: { ...history, changes } });

      expect(convicted.violation?.says).toBe("an attempt is over before anything is committed in its place");
    });
  });
}

/** Until nothing is left to be done. */
async function rest(world: DeployedWorld): Promise<void> {
  const { engine } = world;
  await eventually("rest", async () => {
    const { runs } = await engine.runs.list({ limit: 100 });
    const open = runs.filter(({ state, due }) => !isRunEnded(state) || due !== null);
    const held = (await engine.dags.list()).filter(({ active }) => active.length > 0);
    return open.length + held.length + (await openMessages(world)) === 0 ? true : undefined;
  });
}

/**
 * What waits to be taken; a timer does not, before its time. What a function had that the endpoint ended, deploying it anew, comes again after a quarter of an hour,
 * long after its attempt is over: nobody waits for that.
 */
async function openMessages({ clients: { sqs }, deployment }: DeployedWorld): Promise<number> {
  const queues = [deployment.eventsQueueUrl, deployment.deadLettersUrl, ...Object.values(deployment.taskQueueUrls)];
  const counts = queues.map(async (QueueUrl) => {
    const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
    return Number(Attributes["ApproximateNumberOfMessages"]);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** What records point to. */
async function ownObjects({ clients, deployment }: DeployedWorld): Promise<ReadonlyMap<string, Uint8Array>> {
  const objects = createObjectStore(clients.s3);
  const listed = await objects.list(deployment.bucket, "runs/");
  const bodies = listed.map(async ({ key }) => [key, (await objects.get(deployment.bucket, key))?.body] as const);
  return new Map((await Promise.all(bodies)).flatMap(([key, body]) => (body === undefined ? [] : [[key, body]])));
}
