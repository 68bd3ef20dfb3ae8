/** Other pipelines over the same stack: what may befall a task. They run beside each other. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { ChangeMessageVisibilityCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { beforeAll, describe, expect, test } from "vitest";
import { deploy } from "../../../localstack/lib/deploy.ts";
import type { RunId } from "../../../shared/core/ids.ts";
import { dagId, taskId } from "../../../shared/core/ids.ts";
import { mostAtOnce } from "../at-once.ts";
import {
  ended,
  endedRunOf,
  eventually,
  freshet,
  functionsOf,
  lambdaOf,
  openDeployed,
  outputOf,
  tasksOf,
  trigger,
  type DeployedWorld,
} from "../world.ts";
import { settingsOf } from "../place.ts";

/** A copy of the trials, which a test may edit: their versions hang on where they lie. Ignored by git. */
export const TRIALS = "tmp/localstack/trials";
const ROOT = join(import.meta.dirname, "../../..");
const WIDTH = 600;
/** Of the pool of `pooled`. */
const SLOTS = 3;
/** Deliveries of a message before it is dead. */
const RECEIVES_MAX = 5;
const MALFORMED = '{"v":1,"type":"comple';
const SLOW_TEST_MS = 240_000;

interface Triggered {
  readonly chain: RunId;
  readonly trouble: RunId;
  readonly pooled: readonly RunId[];
  readonly wide: RunId;
  readonly cleared: RunId;
  readonly undelivered: RunId;
}

export function trialsChapter(world: () => DeployedWorld, moved: (world: DeployedWorld) => void): void {
  describe("other pipelines over the same stack", () => {
    let before: Codes;
    let runs: Triggered;
    beforeAll(async () => {
      before = await codesOf(world());
      rmSync(join(ROOT, TRIALS), { recursive: true, force: true });
      cpSync(join(ROOT, "test/localstack/dags"), join(ROOT, TRIALS), { recursive: true });
      await deploy({ url: world().url, dags: TRIALS });
      moved(await openDeployed());
      runs = await startAll(world());
      await sendMalformed(world());
    });

    test("bring a function for the executor class that only they use, and change no function's code", async () => {
      const after = await codesOf(world());

      expect([...after.keys()].filter((name) => !before.has(name))).toEqual(["Executor-lambda-512"]);
      expect([...before].filter(([name, code]) => after.get(name) !== code)).toEqual([]);
    });

    test("a DAG that was left out stops, and stays readable", async () => {
      const dag = await world().engine.dags.load(dagId("process_new_orders"));

      expect(dag?.value.removed).toBe(true);
      expect(await endedRunOf(world(), "process_new_orders")).toMatchObject({ state: "success" });
    });

    test("a task that is cleared while it is at work is tried again, and what its first try gives reaches nobody", async () => {
      expect(await ended(world(), runs.cleared)).toMatchObject({ state: "success" });

      expect(await outputOf(world(), runs.cleared, "letter")).toBe("letter from draft 2");
      const tries = await world().engine.attempts.list(runs.cleared, taskId("draft"));
      expect(tries.map(({ item }) => item.status)).toEqual(["closed", "finished"]);
    });

    test("a pool's slots are all used, and never more of them", async () => {
      const ends = await Promise.all(runs.pooled.map((id) => ended(world(), id)));

      expect(ends.map(({ state }) => state)).toEqual(["success", "success"]);
      const attempts = await Promise.all(runs.pooled.map((id) => world().engine.attempts.list(id)));
      expect(mostAtOnce(attempts.flat(), (key) => (key.taskId === "wide" ? 2 : 1))).toBe(SLOTS);
    });

    test("a chain of 40 tasks runs to its end", async () => {
      expect(await ended(world(), runs.chain)).toMatchObject({ state: "success" });
      expect(await outputOf(world(), runs.chain, "link_40")).toBe(40);
    });

    test(
      `a map of ${WIDTH} gives every result once`,
      async () => {
        expect(await ended(world(), runs.wide)).toMatchObject({ state: "success" });
        // 0² + 1² + … + 599²
        expect(await outputOf(world(), runs.wide, "sum")).toBe(((WIDTH - 1) * WIDTH * (2 * WIDTH - 1)) / 6);
      },
      SLOW_TEST_MS,
    );

    test("a retry, a timeout and a function that dies in the middle of a task end as they should", async () => {
      const run = await ended(world(), runs.trouble);

      const tasks = new Map((await tasksOf(world(), runs.trouble)).map((task) => [task.taskId, task]));
      expect(tasks.get("flaky")).toMatchObject({ state: "success", attempt: 2 });
      expect(tasks.get("slow")).toMatchObject({ state: "failed" });
      expect(tasks.get("dies")).toMatchObject({ state: "success", attempt: 2 });
      expect(run).toMatchObject({ state: "success", degraded: true });
    });

    test("an attempt that nobody takes in five deliveries is given up, and tried again", async () => {
      expect(await ended(world(), runs.undelivered)).toMatchObject({ state: "success" });
      expect(await outputOf(world(), runs.undelivered, "remote")).toBe(2);
      const [first] = await world().engine.attempts.list(runs.undelivered, taskId("remote"));
      expect(first?.item).toMatchObject({ status: "revoked", reason: "undelivered" });
    });

    test.each([
      ["Scheduler", "a record or message could not be decided"],
      ["Executor-lambda", "a dispatch could not be read"],
      ["Tick", "a record or message could not be decided"],
    ])("a message that nobody can read is a fault in the log of %s, and holds up nothing", async (name, text) => {
      expect(await eventually(`"${text}" in the log of ${name}`, () => lineWith(world(), name, text))).toContain(text);
    });

    test("a DAG fires by the clock", async () => {
      expect(await endedRunOf(world(), "minutely")).toMatchObject({ state: "success", runType: "scheduled" });
    });
  });
}

type Codes = ReadonlyMap<string, string | undefined>;

const codesOf = async (world: DeployedWorld): Promise<Codes> =>
  new Map([...(await functionsOf(world))].map(([name, { CodeSha256 }]) => [name, CodeSha256]));

async function startAll(world: DeployedWorld): Promise<Triggered> {
  const undelivered = await startHeldUp(world);
  return {
    undelivered,
    cleared: await clearAtWork(world),
    trouble: await trigger(world, "trouble"),
    chain: await trigger(world, "chain"),
    pooled: [await trigger(world, "pooled"), await trigger(world, "pooled")],
    wide: await trigger(world, "wide"),
  };
}

/** Starts a run, and clears its first task once that is at work. */
async function clearAtWork(world: DeployedWorld): Promise<RunId> {
  const id = await trigger(world, "cleared");
  await eventually("claim of the first try", async () => {
    const [first] = await world.engine.attempts.list(id, taskId("draft"));
    return first?.item.status === "running" ? true : undefined;
  });
  freshet(world, "clear", id, "draft", "--reason", "a trial");
  return id;
}

/** Starts a run whose task no function takes until its message has died. */
async function startHeldUp(world: DeployedWorld): Promise<RunId> {
  const lambda = lambdaOf(world);
  const FunctionName = (await functionsOf(world)).get("Executor-lambda-512")?.FunctionName;
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  const [mapping] = EventSourceMappings;
  const enable = (Enabled: boolean) =>
    lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping?.UUID, Enabled }));
  await enable(false);
  const id = await trigger(world, "undelivered");
  await wearOut(world, world.deployment.taskQueueUrls["lambda-512"] ?? "");
  await enable(true);
  return id;
}

/** Takes the one message of a queue so often, and gives it back each time, that it is dead. */
async function wearOut({ clients: { sqs } }: DeployedWorld, QueueUrl: string): Promise<void> {
  for (let received = 0; received < RECEIVES_MAX; received++) {
    const handle = await eventually("message of the task", async () => {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
      return Messages[0]?.ReceiptHandle;
    });
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: handle, VisibilityTimeout: 0 }));
  }
  // The next one who asks finds that it is dead.
  await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
}

async function sendMalformed({ clients: { sqs }, deployment }: DeployedWorld): Promise<void> {
  const queues = [deployment.eventsQueueUrl, deployment.taskQueueUrls["lambda"], deployment.deadLettersUrl];
  for (const QueueUrl of queues) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: MALFORMED }));
}

async function lineWith(world: DeployedWorld, name: string, text: string): Promise<string | undefined> {
  const logs = new CloudWatchLogsClient(settingsOf(world.url));
  const logGroupName = (await functionsOf(world)).get(name)?.LoggingConfig?.LogGroup ?? "";
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern: `"${text}"` }));
  return events[0]?.message;
}
