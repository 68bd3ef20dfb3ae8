import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import { beforeAll, describe, expect, test } from "vitest";
import { compileDags, type CompiledRelease } from "./compile.ts";
import type { EnvironmentConfig } from "./config.ts";
import { environments } from "./environments.ts";
import { FRESHET_ROOT } from "./project.ts";
import { OrchestratorStack } from "./stacks/orchestrator-stack.ts";

const scratch = mkdtempSync(join(tmpdir(), "freshet-infra-"));
const local = environments["local"] as EnvironmentConfig;
let compiled: CompiledRelease;
let app: App;
let stack: OrchestratorStack;
let template: Template;

/** Without the npm packages of the pipelines: a layer of a database takes long to copy. */
const withoutPackages = (release: CompiledRelease): CompiledRelease => ({
  ...release,
  release: { ...release.release, packages: [] },
});

function synthesized(config: EnvironmentConfig, release = compiled): OrchestratorStack {
  const tree = new App({ outdir: mkdtempSync(join(scratch, "out-")) });
  return new OrchestratorStack(tree, "Freshet-test", {
    environment: "test",
    config,
    dags: "dags",
    projectRoot: scratch,
    compiled: release,
  });
}

/** It compiles the DAGs and builds every function. */
const SYNTHESIS_MS_MAX = 180_000;

beforeAll(() => {
  compiled = withoutPackages(compileDags({ projectRoot: FRESHET_ROOT, dags: "dags", out: join(scratch, "release") }));
  stack = synthesized(local);
  app = stack.node.root as App;
  template = Template.fromStack(stack);
}, SYNTHESIS_MS_MAX);

interface Statement {
  readonly Action: string | readonly string[];
  readonly Effect: string;
}

/** Actions of the policy whose logical id begins so. */
function actionsOf(name: string): readonly string[] {
  const policies = Object.entries(template.findResources("AWS::IAM::Policy"));
  const statements = policies
    .filter(([id]) => id.startsWith(name))
    .flatMap(([, policy]) => policy["Properties"].PolicyDocument.Statement as readonly Statement[]);
  return [...new Set(statements.flatMap(({ Action }) => Action))].toSorted();
}

describe("each function's role can do this and nothing else", () => {
  const LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"];
  const DECIDE = [
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "events:PutEvents",
  ];
  const S3 = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"];
  const CONSUME = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
  ];

  test.each([
    ["FreshetScheduler", [...DECIDE, ...LOGS, ...S3, ...CONSUME, "sqs:SendMessage"]],
    ["FreshetRegister", [...DECIDE, "lambda:GetAccountSettings", ...LOGS, ...S3, "sqs:SendMessage"]],
    [
      "FreshetTick",
      [
        ...DECIDE.filter((action) => !action.startsWith("events:")),
        ...LOGS,
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
      ],
    ],
    [
      "FreshetExecutorlambda",
      [
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        ...LOGS,
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        ...S3,
        ...CONSUME,
        "sqs:SendMessage",
      ],
    ],
  ])("%s", (name, actions) => {
    expect(actionsOf(name)).toEqual(actions.toSorted());
  });

  test("executors do not reach the engine's table", () => {
    const engine = stack.resolve(stack.freshet.tables.engine.tableArn) as { "Fn::GetAtt": readonly string[] };
    const policies = template.findResources("AWS::IAM::Policy");
    const [executor] = Object.entries(policies).filter(([id]) => id.startsWith("FreshetExecutor"));

    expect(JSON.stringify(executor)).not.toContain(engine["Fn::GetAtt"][0]);
  });

  test("no role has a managed policy, or a statement for everything", () => {
    for (const role of Object.values(template.findResources("AWS::IAM::Role"))) {
      expect(role["Properties"]).not.toHaveProperty("ManagedPolicyArns");
    }
    const statements = Object.values(template.findResources("AWS::IAM::Policy")).flatMap(
      (policy) =>
        policy["Properties"].PolicyDocument.Statement as readonly (Statement & { readonly Resource: unknown })[],
    );
    // The account's quota is no resource of its own.
    expect(statements.filter(({ Resource }) => Resource === "*").map(({ Action }) => Action)).toEqual([
      "lambda:GetAccountSettings",
    ]);
  });
});

describe("the tables", () => {
  test("can be restored to any second, and forget what has expired", () => {
    template.resourceCountIs("AWS::DynamoDB::Table", 2);
    template.allResourcesProperties("AWS::DynamoDB::Table", {
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
      BillingMode: "PAY_PER_REQUEST",
    });
  });

  test("outlive the stack, and a mistake, where data is kept", () => {
    const kept = Template.fromStack(synthesized({ ...local, keepData: true }));

    kept.allResources("AWS::DynamoDB::Table", {
      DeletionPolicy: "Retain",
      Properties: Match.objectLike({ DeletionProtectionEnabled: true }),
    });
  });
});

describe("the functions", () => {
  test("may call each other in a circle", () => {
    template.allResourcesProperties("AWS::Lambda::Function", { RecursiveLoop: "Allow" });
  });

  test("keep their logs as long as the environment says", () => {
    template.resourceCountIs("AWS::Logs::LogGroup", 4);
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: local.logRetentionDays });
  });

  test("take batches as they should: ten events, one attempt, and no more attempts at once than allowed", () => {
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      BatchSize: 10,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      BatchSize: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: local.maxConcurrency.default },
    });
  });

  test("as many batches of events are decided at once as Lambda thinks right, unless the environment says how many", () => {
    const few = Template.fromStack(synthesized({ ...local, schedulerConcurrency: 2 }));
    const events = { BatchSize: 10, ScalingConfig: Match.absent() };

    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", events);
    few.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      ...events,
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  test("the tick has a place of its own", () => {
    template.hasResourceProperties("AWS::Lambda::Function", {
      Description: Match.stringLikeRegexp("due"),
      ReservedConcurrentExecutions: 1,
    });
  });
});

describe("the queues", () => {
  test("lose nothing: what is not taken five times is a dead letter, and stays longer", () => {
    template.hasResourceProperties("AWS::SQS::Queue", {
      MessageRetentionPeriod: 345_600,
      RedrivePolicy: Match.objectLike({ maxReceiveCount: 5 }),
    });
    template.hasResourceProperties("AWS::SQS::Queue", { MessageRetentionPeriod: 1_209_600 });
  });

  test("are reached over TLS alone", () => {
    const policies = JSON.stringify(template.findResources("AWS::SQS::QueuePolicy"));

    expect(policies.match(/aws:SecureTransport/g)).toHaveLength(3);
  });
});

describe("alerting", () => {
  test("over TLS alone, and only these rules and the account's alarms may publish", () => {
    const [policy] = Object.values(template.findResources("AWS::SNS::TopicPolicy"));
    const statements = policy?.["Properties"].PolicyDocument.Statement as readonly {
      readonly Effect: string;
      readonly Principal: unknown;
      readonly Condition: object;
    }[];

    expect(statements.map(({ Effect, Principal, Condition }) => [Effect, Principal, Object.keys(Condition)])).toEqual([
      ["Deny", "*", ["Bool"]],
      ["Allow", { Service: "events.amazonaws.com" }, ["ArnEquals"]],
      ["Allow", { Service: "events.amazonaws.com" }, ["ArnEquals"]],
      ["Allow", { Service: "events.amazonaws.com" }, ["ArnEquals"]],
      ["Allow", { Service: "cloudwatch.amazonaws.com" }, ["StringEquals"]],
    ]);
    expect(JSON.stringify(statements[0]?.Condition)).toContain("aws:SecureTransport");
  });

  test("goes to the addresses that the environment names", () => {
    const told = Template.fromStack(
      synthesized({ ...local, alerting: { emails: ["ann@example.com", "bo@example.com"] } }),
    );

    told.resourcePropertiesCountIs("AWS::SNS::Subscription", { Protocol: "email" }, 2);
    told.hasResourceProperties("AWS::SNS::Subscription", { Endpoint: "ann@example.com" });
  });

  test("switched off, nothing of it exists, and the bus is there for rules of one's own", () => {
    const quiet = Template.fromStack(synthesized({ ...local, alerting: "off" }));

    for (const type of ["AWS::CloudWatch::Alarm", "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy"])
      quiet.resourceCountIs(type, 0);
    quiet.resourcePropertiesCountIs("AWS::Events::Rule", { EventBusName: Match.anyValue() }, 0);
    quiet.resourceCountIs("AWS::Events::EventBus", 1);
  });
});

test("an idle deployment has four alarms, and no metrics or keys of its own", () => {
  template.resourceCountIs("AWS::CloudWatch::Alarm", 4);
  template.resourceCountIs("AWS::KMS::Key", 0);
  template.resourceCountIs("AWS::SecretsManager::Secret", 0);
  template.resourceCountIs("AWS::EC2::VPC", 0);
});

describe("cdk-nag", () => {
  const findings = (): readonly unknown[] => {
    const { directory } = app.synth({ force: true, errorOnDuplicateSynth: false });
    const report = JSON.parse(readFileSync(join(directory, "validation-report.json"), "utf8")) as {
      pluginReports: readonly { violations?: readonly unknown[] }[];
    };
    return report.pluginReports.flatMap(({ violations = [] }) => violations);
  };

  test("finds nothing that is not acknowledged with its reason", () => {
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

    expect(findings()).toEqual([]);
  });

  test("would find something: a queue without TLS", () => {
    new Queue(stack, "Careless");

    let found: readonly unknown[] = [];
    try {
      found = findings();
    } catch (error) {
      found = [error];
    }
    expect(found).not.toEqual([]);
  });
});

test("a thin environment tells its executors and the commands how far back it holds data", () => {
  const config = { ...local, dataWindow: "7d", deadlines: "ignored" } as const;
  const thin = Template.fromStack(synthesized(config));
  const told = (of: string): string => JSON.stringify(thin.findResources(of));

  expect(told("AWS::Lambda::Function")).toContain('\\"dataWindowMs\\":604800000');
  expect(told("AWS::SSM::Parameter")).toContain('\\"deadlines\\":\\"ignored\\"');
});
