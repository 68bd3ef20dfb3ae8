import { beforeAll, describe, expect, test } from "vitest";
import { deploy } from "../../localstack/lib/deploy.ts";
import type { RunView, TaskView } from "../../shared/contract/views.ts";
import { dagId, runId, type RunId } from "../../shared/core/ids.ts";
import {
  deliverOrders,
  ended,
  endedRunOf,
  freshet,
  functionStates,
  openDeployed,
  tasksOf,
  trigger,
  type DeployedWorld,
} from "./world.ts";

let world: DeployedWorld;
beforeAll(async () => {
  world = await openDeployed();
});

describe("the project's pipelines", () => {
  test("a file that is dropped into the bucket is published", async () => {
    await deliverOrders(world, "1997-01-01");

    const run = await endedRunOf(world, "process_new_orders");

    expect(run.state).toBe("success");
    const published = await world.objects.list("data-lake", "published/orders/date=1997-01-01/");
    expect(published.map(({ key }) => key)).toContain("published/orders/date=1997-01-01/_CURRENT");
  });
});

describe("freshet --env", () => {
  test("lists runs and their tasks", () => {
    const [run] = freshet(world, "runs", "process_new_orders") as readonly RunView[];
    const tasks = freshet(world, "tasks", run?.runId ?? "") as readonly TaskView[];

    expect(run).toMatchObject({ state: "success" });
    expect(tasks.map(({ taskId }) => taskId)).toContain("publish");
  });

  test("starts a run, which the deployed functions carry on with", async () => {
    const run = freshet(world, "trigger", "process_new_orders", "--file", "raw/orders/1997-01-01.csv") as RunView;

    expect(await ended(world, runId(run.runId))).toMatchObject({ state: "success", runType: "manual" });
  });

  test("names the environments that there are", () => {
    expect(() => freshet({ ...world, environment: "locla" }, "runs")).toThrow(
      "there is no environment 'locla' in region eu-west-1; did you mean 'local'?; there are: local",
    );
  });
});

describe("other pipelines over the same stack", () => {
  let before: ReadonlyMap<string, string>;
  beforeAll(async () => {
    before = await functionStates(world);
    await deploy({ url: world.url, dags: "test/localstack/dags" });
  });

  test("their deployment changes no function but those whose packages changed", async () => {
    const after = await functionStates(world);

    const changed = [...after].filter(([name, state]) => before.get(name) !== state).map(([name]) => name);
    // These pipelines import no npm package: the executor no longer has the layer.
    expect(changed.filter((name) => !name.includes("Executor"))).toEqual([]);
  });

  test("a DAG that was left out stops, and stays readable", async () => {
    const dag = await world.engine.dags.load(dagId("process_new_orders"));

    expect(dag?.value.removed).toBe(true);
    expect(await endedRunOf(world, "process_new_orders")).toMatchObject({ state: "success" });
  });

  test("a chain of 40 tasks runs to its end", async () => {
    const id = await trigger(world, "chain");

    expect(await ended(world, id)).toMatchObject({ state: "success" });
  });

  test("a retry, a timeout and a function that dies in the middle of a task end as they should", async () => {
    const id = await trigger(world, "trouble");

    const run = await ended(world, id);

    const tasks = new Map((await tasksOf(world, id)).map((task) => [task.taskId, task]));
    expect(tasks.get("flaky")).toMatchObject({ state: "success", attempt: 2 });
    expect(tasks.get("slow")).toMatchObject({ state: "failed" });
    expect(tasks.get("dies")).toMatchObject({ state: "success", attempt: 2 });
    expect(run).toMatchObject({ state: "success", degraded: true });
  });

  test("a DAG fires by the clock", async () => {
    expect(await endedRunOf(world, "minutely")).toMatchObject({ state: "success", runType: "scheduled" });
  });
});

describe("the first deployment again", () => {
  let inFlight: RunId;
  beforeAll(async () => {
    inFlight = await trigger(world, "trouble");
    await deploy({ url: world.url });
  });

  test("brings its pipelines back, as the same versions", async () => {
    const dag = await world.engine.dags.load(dagId("process_new_orders"));
    const { version } = await endedRunOf(world, "process_new_orders");

    expect(dag?.value).toMatchObject({ removed: false, version });
  });

  test("lets a run in flight end with the code that it began with, though its DAG is gone", async () => {
    expect(await ended(world, inFlight)).toMatchObject({ state: "success" });
  });
});
