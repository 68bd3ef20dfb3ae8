/** Deployments with runs in flight: one that fails half-way, one of an edited pipeline, an older one, and one that is refused. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { deploy } from "../../../localstack/lib/deploy.ts";
import { checkEngineSchema } from "../../../shared/aws/dynamo/engine-schema.ts";
import { ENGINE_SCHEMA } from "../../../shared/aws/dynamo/tables.ts";
import { dagId, type RunId, type VersionHash } from "../../../shared/core/ids.ts";
import {
  changedSince,
  ended,
  endedRunOf,
  functionStates,
  functionsOf,
  openDeployed,
  outputOf,
  trigger,
  versionOf,
  type DeployedWorld,
} from "../world.ts";
import { TRIALS } from "./trials.ts";

const STEADY = join(import.meta.dirname, "../../..", TRIALS, "steady.dag.ts");
const LAST_STEP = "step_20";

export function deploymentsChapter(world: () => DeployedWorld, moved: (world: DeployedWorld) => void): void {
  const inFlight: { readonly run: RunId; readonly version: VersionHash | undefined; readonly edition: string }[] = [];
  const startSteady = async (edition: string): Promise<void> => {
    const version = await versionOf(world(), "steady");
    inFlight.push({ run: await trigger(world(), "steady"), version, edition });
  };

  describe("a deployment that fails when the new versions are already in use", () => {
    let version: VersionHash | undefined;
    let failure: unknown;
    beforeAll(async () => {
      version = await versionOf(world(), "steady");
      await startSteady("first");
      writeFileSync(STEADY, readFileSync(STEADY, "utf8").replace('"first"', '"second"'));
      failure = await deploy({ url: world().url, dags: TRIALS, app: "test/localstack/apps/fails-late.ts" }).catch(
        (error: unknown) => error,
      );
    });

    test("says what failed", () => {
      expect(String(failure)).toContain("the release 'no-such-release' was not uploaded: deploy again");
    });

    test("is rolled back: functions and versions are as before", async () => {
      const scheduler = (await functionsOf(world())).get("Scheduler");

      expect(scheduler?.Environment?.Variables).not.toHaveProperty("TRIAL");
      expect(await versionOf(world(), "steady")).toBe(version);
    });
  });

  describe("the deployment of an edited pipeline", () => {
    let states: ReadonlyMap<string, string>;
    let before: readonly (VersionHash | undefined)[];
    beforeAll(async () => {
      states = await functionStates(world());
      before = await Promise.all(["steady", "chain", "wide"].map((dag) => versionOf(world(), dag)));
      await startSteady("first");
      await deploy({ url: world().url, dags: TRIALS });
      moved(await openDeployed());
    });

    test("changes no function", async () => {
      expect(await changedSince(world(), states)).toEqual([]);
    });

    test("gives a new version to the pipeline that was edited, and to no other", async () => {
      const after = await Promise.all(["steady", "chain", "wide"].map((dag) => versionOf(world(), dag)));

      expect(after.map((version, index) => version === before[index])).toEqual([false, true, true]);
    });
  });

  describe("the first deployment again", () => {
    beforeAll(async () => {
      await startSteady("second");
      await deploy({ url: world().url });
      moved(await openDeployed());
    });

    test("brings its pipelines back, as the same versions", async () => {
      const dag = await world().engine.dags.load(dagId("process_new_orders"));
      const { version } = await endedRunOf(world(), "process_new_orders");

      expect(dag?.value).toMatchObject({ removed: false, version });
    });

    test("removes those that it does not have", async () => {
      const dags = await Promise.all(["minutely", "steady"].map((dag) => world().engine.dags.load(dagId(dag))));

      expect(dags.map((dag) => dag?.value.removed)).toEqual([true, true]);
    });
  });

  describe("an engine that is older than what wrote the tables", () => {
    test("is refused before any function that would run it is changed", async () => {
      const states = await functionStates(world());
      const table = { client: world().clients.dynamo, tableName: world().deployment.engineTable };

      const refused = deploy({ url: world().url, app: "test/localstack/apps/older-engine.ts", dags: "dags" });

      await expect(refused).rejects.toThrow(
        `belongs to an engine of schema ${ENGINE_SCHEMA}; this one knows schema ${ENGINE_SCHEMA - 1}`,
      );
      expect((await changedSince(world(), states)).filter((name) => name !== "Register")).toEqual([]);
      await checkEngineSchema(table); // Ours may go on.
    });
  });

  describe("a run that was in flight", () => {
    test.each([
      ["the deployment that failed", 0],
      ["that of the edited pipeline", 1],
      ["that which has its DAG no more", 2],
    ])("during %s ends with the graph and the code that it began with", async (_deployment, index) => {
      const { run, version, edition } = inFlight[index] as (typeof inFlight)[number];

      expect(await ended(world(), run)).toMatchObject({ state: "success", version });
      expect(await outputOf(world(), run, LAST_STEP)).toEqual([edition]);
    });
  });
}
