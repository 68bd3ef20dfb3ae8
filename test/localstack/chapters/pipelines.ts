/** The project's own pipelines, and the command that looks at them. */
import { beforeAll, describe, expect, test } from "vitest";
import type { RunView, TaskView } from "../../../shared/contract/views.ts";
import { runId } from "../../../shared/core/ids.ts";
import { instant } from "../../../shared/core/time.ts";
import { deliverOrders, ended, endedRunOf, freshet, trigger, type DeployedWorld } from "../world.ts";

/** By the shop's clock, which is five hours behind in January. */
const JANUARY_2 = {
  start: instant(Date.UTC(1997, 0, 2, 5)),
  end: instant(Date.UTC(1997, 0, 3, 5)),
};
const REVENUE = "published/daily_revenue/date=1997-01-02/";
const ORDERS = "published/orders/date=1997-01-01/";

/** `meanwhile`: tests of other things, while a file waits for more to arrive. */
export function pipelinesChapter(world: () => DeployedWorld, meanwhile: () => void): void {
  describe("the project's pipelines", () => {
    beforeAll(() => deliverOrders(world(), "1997-01-01"));

    test("a run that the command starts is carried on with by the deployed functions", async () => {
      await deliverOrders(world(), "1997-01-02");

      const { runId: id } = command("trigger", "process_new_orders", "--file", "raw/orders/1997-01-02.csv") as RunView;

      expect(await ended(world(), runId(id))).toMatchObject({ state: "success", runType: "manual" });
    });

    test("the command lists runs and their tasks", async () => {
      const [run] = command("runs", "process_new_orders") as readonly RunView[];
      const tasks = command("tasks", run?.runId ?? "") as readonly TaskView[];

      expect(run).toMatchObject({ state: "success" });
      expect(tasks.map(({ taskId }) => taskId)).toContain("publish");
    });

    test("the command names the environments that there are", () => {
      expect(() => freshet({ url: world().url, environment: "locla" }, "runs")).toThrow(
        "there is no environment 'locla' in region eu-west-1; did you mean 'local'?; there are: local",
      );
    });

    test("the revenue of a day, made twice, is the same bytes", async () => {
      const first = await ended(world(), await trigger(world(), "daily_revenue", JANUARY_2));
      const before = await published(REVENUE);

      const second = await ended(world(), await trigger(world(), "daily_revenue", JANUARY_2));

      expect([first.state, second.state]).toEqual(["success", "success"]);
      expect(before.size).toBeGreaterThan(1);
      expect(await published(REVENUE)).toEqual(before);
    });

    meanwhile();

    test("a file that is dropped into the bucket is published", async () => {
      const run = await endedRunOf(world(), "process_new_orders", "event");

      expect(run.state).toBe("success");
      expect([...(await published(ORDERS)).keys()]).toContain(`${ORDERS}_CURRENT`);
    });
  });

  const command = (...args: readonly string[]): unknown => freshet(world(), ...args);

  async function published(prefix: string): Promise<ReadonlyMap<string, string>> {
    const { objects } = world();
    const listed = await objects.list("data-lake", prefix);
    const contents = listed.map(async ({ key }) => {
      const { body = new Uint8Array() } = (await objects.get("data-lake", key)) ?? {};
      return [key, Buffer.from(body).toString("base64")] as const;
    });
    return new Map(await Promise.all(contents));
  }
}
