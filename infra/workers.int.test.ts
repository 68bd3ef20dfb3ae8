import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AwsSolutionsChecks } from "cdk-nag";
import { beforeAll, describe, expect, test } from "vitest";

import { workerSize } from "./constructs/worker-size.ts";
import { compileDags, type CompiledRelease } from "./compile.ts";
import type { EnvironmentConfig } from "./config.ts";
import { environments } from "./environments.ts";
import { FRESHET_ROOT } from "./project.ts";
import { OrchestratorStack } from "./stacks/orchestrator-stack.ts";

type TaskSpec = CompiledRelease["release"]["dags"][number]["manifest"]["tasks"][number];

const scratch = mkdtempSync(join(tmpdir(), "freshet-workers-"));
const dev: EnvironmentConfig = { ...(environments["dev"] as EnvironmentConfig), architecture: "arm64" };
let compiled: CompiledRelease;
let app: App;
let template: Template;

/** The release with the resources that its first task, on a worker now, asks for; without npm packages, which take long to copy. */
function withWorker(release: CompiledRelease, resources: TaskSpec["resources"]): CompiledRelease {
  const [first, ...others] = release.release.dags;
  if (first === undefined) throw new Error("there are no DAGs");
  const [task, ...tasks] = first.manifest.tasks;
  if (task === undefined) throw new Error("it has no tasks");
  const onWorker: TaskSpec = { ...task, executor: "worker", resources };
  const dags = [{ ...first, manifest: { ...first.manifest, tasks: [onWorker, ...tasks] } }, ...others];
  return { ...release, release: { ...release.release, dags, packages: [] } };
}

const DEFAULT = { memoryMb: null, cpu: null };

function synthesized(config = dev): OrchestratorStack {
  const tree = new App({ outdir: mkdtempSync(join(scratch, "out-")) });
  return new OrchestratorStack(tree, "Freshet-test", {
    environment: "test",
    config,
    dags: "dags",
    projectRoot: scratch,
    compiled: withWorker(compiled, DEFAULT),
  });
}

/** It compiles the DAGs and builds every function. */
const SYNTHESIS_MS_MAX = 180_000;

beforeAll(() => {
  compiled = compileDags({ projectRoot: FRESHET_ROOT, dags: "dags", out: join(scratch, "release") });
  const stack = synthesized();
  app = stack.node.root as App;
  template = Template.fromStack(stack);
}, SYNTHESIS_MS_MAX);

const resourcesOf = (type: string): readonly Record<string, never>[] =>
  Object.values(template.findResources(type)).map((resource) => resource["Properties"] as Record<string, never>);

/** Actions of the policies whose logical ids begin so. */
function actionsOf(name: string): readonly string[] {
  const statements = Object.entries(template.findResources("AWS::IAM::Policy"))
    .filter(([id]) => id.startsWith(name))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as readonly { Action: string | string[] }[]);
  return [...new Set(statements.flatMap(({ Action }) => Action))].toSorted();
}

describe("workers on Fargate", () => {
  test("can do what an executor can, take from their queue, and say that they have work", () => {
    expect(actionsOf("FreshetWorkersRole")).toEqual([
      "dynamodb:BatchGetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "ecs:UpdateTaskProtection",
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]);
  });

  test("are started by a role that fetches the image and writes the log, and nothing else", () => {
    expect(actionsOf("FreshetWorkersStart")).toEqual([
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "ecr:GetDownloadUrlForLayer",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
  });

  test("are none while nothing waits, and as many as may be at work at the most", () => {
    template.hasResourceProperties("AWS::ECS::Service", { DesiredCount: 0, LaunchType: "FARGATE" });
    template.hasResourceProperties("AWS::ApplicationAutoScaling::ScalableTarget", {
      MinCapacity: 0,
      MaxCapacity: dev.maxConcurrency.default,
    });
    template.hasResourceProperties("AWS::ApplicationAutoScaling::ScalingPolicy", {
      StepScalingPolicyConfiguration: Match.objectLike({
        AdjustmentType: "ChangeInCapacity",
        StepAdjustments: [
          { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 4, ScalingAdjustment: 1 },
          { MetricIntervalLowerBound: 4, MetricIntervalUpperBound: 24, ScalingAdjustment: 5 },
          { MetricIntervalLowerBound: 24, ScalingAdjustment: 25 },
        ],
      }),
    });
    template.hasResourceProperties("AWS::ApplicationAutoScaling::ScalingPolicy", {
      StepScalingPolicyConfiguration: Match.objectLike({
        AdjustmentType: "ExactCapacity",
        StepAdjustments: [{ MetricIntervalUpperBound: 0, ScalingAdjustment: 0 }],
      }),
    });
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      MetricName: "ApproximateNumberOfMessagesVisible",
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
    });
  });

  test("have two minutes to end what is at work, and logs as long as the environment says", () => {
    template.hasResourceProperties("AWS::ECS::TaskDefinition", {
      ContainerDefinitions: [
        Match.objectLike({ StopTimeout: 120, LogConfiguration: Match.objectLike({ LogDriver: "awslogs" }) }),
      ],
      RuntimePlatform: { CpuArchitecture: "ARM64", OperatingSystemFamily: "LINUX" },
    });
    for (const { RetentionInDays } of resourcesOf("AWS::Logs::LogGroup")) expect(RetentionInDays).toBe(14);
  });

  test("are in a network that nothing comes into, and that costs nothing by the hour", () => {
    for (const group of resourcesOf("AWS::EC2::SecurityGroup"))
      expect(group).not.toHaveProperty("SecurityGroupIngress");
    template.resourceCountIs("AWS::EC2::SecurityGroupIngress", 0);
    template.resourceCountIs("AWS::EC2::NatGateway", 0);
    template.resourceCountIs("AWS::EC2::EIP", 0);
    template.hasResourceProperties("AWS::ECS::Service", {
      NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: "ENABLED" }) },
    });
  });

  test("take a message for a minute: once its attempt is claimed it is removed", () => {
    template.hasResourceProperties("AWS::SQS::Queue", { VisibilityTimeout: 60 });
  });

  test("are built from their own code, and a Dockerfile", () => {
    const folder = join(scratch, "cdk.out/.freshet/test/worker");

    expect(["Dockerfile", "worker.mjs", "thread.mjs"].filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  });

  test("leave nothing for cdk-nag to find", () => {
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    const { directory } = app.synth({ force: true, errorOnDuplicateSynth: false });
    const report = JSON.parse(readFileSync(join(directory, "validation-report.json"), "utf8")) as {
      pluginReports: readonly { violations?: readonly unknown[] }[];
    };

    expect(report.pluginReports.flatMap(({ violations = [] }) => violations)).toEqual([]);
  });
});

describe("a container", () => {
  test.each([
    [DEFAULT, 1, { cpuUnits: 512, memoryMb: 2_048, taskMemoryMb: 1_024 }],
    [DEFAULT, 4, { cpuUnits: 2_048, memoryMb: 5_120, taskMemoryMb: 1_024 }],
    [{ memoryMb: 3_000, cpu: null }, 1, { cpuUnits: 512, memoryMb: 4_096, taskMemoryMb: 3_000 }],
    [{ memoryMb: null, cpu: 2 }, 1, { cpuUnits: 2_048, memoryMb: 4_096, taskMemoryMb: 1_024 }],
    [{ memoryMb: 60_000, cpu: 1 }, 1, { cpuUnits: 8_192, memoryMb: 61_440, taskMemoryMb: 60_000 }],
  ])("for tasks that ask for %o, %i at once, is %o", (resources, slots, size) => {
    expect(workerSize(withWorker(compiled, resources), slots)).toEqual(size);
  });

  test("that Fargate does not have is refused, with who asks for it", () => {
    expect(() => workerSize(withWorker(compiled, { memoryMb: 200_000, cpu: null }), 1)).toThrow(
      /^dag 'daily_revenue': task '\w+' and others on workers ask for 200000 MB and 0.5 CPUs, 1 at once: a worker would need 200512 MB/,
    );
  });
});

test("a container that is only kept, for runs that need it still, has the size of a task that does not say", () => {
  const none = { ...compiled, release: { ...compiled.release, dags: [] } };

  expect(workerSize(none, 1)).toEqual({ cpuUnits: 512, memoryMb: 2_048, taskMemoryMb: 1_024 });
});

test("workers that run elsewhere have their queue, and nothing else here", () => {
  const elsewhere = Template.fromStack(synthesized({ ...dev, workers: { run: "elsewhere" } }));

  elsewhere.hasResourceProperties("AWS::SQS::Queue", { VisibilityTimeout: 60 });
  for (const type of ["AWS::ECS::Service", "AWS::EC2::VPC", "AWS::ApplicationAutoScaling::ScalableTarget"]) {
    elsewhere.resourceCountIs(type, 0);
  }
});
