/** What an environment may say for a while: after a restore, or until runs in flight have ended. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { beforeAll, describe, expect, test } from "vitest";
import { compileDags, type CompiledRelease } from "./compile.ts";
import type { EnvironmentConfig } from "./config.ts";
import { environments } from "./environments.ts";
import { FRESHET_ROOT } from "./project.ts";
import { OrchestratorStack } from "./stacks/orchestrator-stack.ts";

const scratch = mkdtempSync(join(tmpdir(), "freshet-settings-"));
const local = environments["local"] as EnvironmentConfig;
let compiled: CompiledRelease;
let template: Template;

function synthesized(changed: Partial<EnvironmentConfig> = {}): Template {
  const app = new App({ outdir: mkdtempSync(join(scratch, "out-")) });
  const config = { ...local, ...changed };
  const given = { environment: "test", config, dags: "dags", projectRoot: scratch, compiled };
  return Template.fromStack(new OrchestratorStack(app, "Freshet-test", given));
}

/** It compiles the DAGs and builds every function. */
const SYNTHESIS_MS_MAX = 180_000;

beforeAll(() => {
  const release = compileDags({ projectRoot: FRESHET_ROOT, dags: "dags", out: join(scratch, "release") });
  // Without the npm packages of the pipelines: a layer of a database takes long to copy.
  compiled = { ...release, release: { ...release.release, packages: [] } };
  template = synthesized();
}, SYNTHESIS_MS_MAX);

describe("tables that were restored", () => {
  const restored = { engine: "engine-restored", attempts: "attempts-restored" };

  test("are what the functions work on; those before stay as they are", () => {
    const over = synthesized({ restoredTables: restored });
    const policies = JSON.stringify(over.findResources("AWS::IAM::Policy"));

    expect(over.findResources("AWS::DynamoDB::Table")).toEqual(template.findResources("AWS::DynamoDB::Table"));
    expect(policies).toContain("table/engine-restored/index/*");
    expect(policies).not.toMatch(/"Freshet(Engine|Attempts)Table\w+"/);
  });

  test("are looked at before anything is changed", () => {
    const over = synthesized({ restoredTables: restored });

    over.hasResourceProperties("Custom::FreshetEngineCheck", {
      needs: Match.serializedJson(Match.objectLike({ tables: restored })),
    });
  });
});

describe("executor classes that no DAG asks for any more", () => {
  const executors = (of: Template): readonly unknown[] =>
    Object.values(of.findResources("AWS::Lambda::Function"))
      .map((fn) => fn["Properties"].Description as string)
      .filter((text) => text.startsWith("Freshet: runs tasks"));

  test("are there as long as the environment keeps them, with queue and function", () => {
    const kept = synthesized({ keepClasses: ["lambda-2048"] });

    expect(executors(kept)).toEqual([...executors(template), "Freshet: runs tasks of class lambda-2048"]);
    kept.resourceCountIs("AWS::SQS::Queue", 4);
  });
});
