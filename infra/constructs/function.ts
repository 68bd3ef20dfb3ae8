/** A function with a role, a log group and code of its own. */
import { RemovalPolicy, Stack, Validations, type Duration } from "aws-cdk-lib";
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  type Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  SystemLogLevel,
  Runtime,
  Tracing,
  type Code,
  type ILayerVersion,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

export interface EngineFunctionProps {
  readonly description: string;
  readonly code: Code;
  readonly timeout: Duration;
  readonly memoryMb: number;
  readonly architecture: Architecture;
  /** JSON of what it may reach. */
  readonly deployment: string;
  readonly logRetentionDays: RetentionDays;
  readonly tracing: boolean;
  readonly reservedConcurrency?: number;
  readonly layers?: readonly ILayerVersion[];
}

/** One of Freshet's functions: its role can do what it is granted, and nothing else. */
export class EngineFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: EngineFunctionProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, "Logs", {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Without the managed policy, which would let it write to every log of the account.
    this.role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    this.function = new LambdaFunction(this, "Function", {
      description: props.description,
      code: props.code,
      handler: "handler.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: props.architecture,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // A start and an end of each invocation would be most of what an idle deployment logs.
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      // Scheduler and executor call each other by design; each run has a budget of transitions of its own.
      recursiveLoop: RecursiveLoop.ALLOW,
      layers: [...(props.layers ?? [])],
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
      environment: {
        DEPLOYMENT: props.deployment,
        NODE_OPTIONS: "--enable-source-maps",
        POWERTOOLS_SERVICE_NAME: id,
        POWERTOOLS_TRACE_ENABLED: String(props.tracing),
        POWERTOOLS_LOG_LEVEL: "INFO",
      },
    });
    // The attribute of a log group ends in `:*` by itself: its streams.
    this.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [this.logGroup.logGroupArn]);
  }

  /** Exactly these actions on exactly these resources; `why` says of what names more than one that it is no more than needed. */
  allow(actions: readonly string[], resources: readonly string[], why?: string): void {
    this.role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] }),
    );
    for (const resource of resources) {
      const shown = shownArn(Stack.of(this).resolve(resource));
      if (!shown.includes("*")) continue;
      if (why === undefined) throw new Error(`${this.node.path}: ${shown} stands for many; say why`);
      Validations.of(this.role).acknowledge({ id: `AwsSolutions::AwsSolutions-IAM5[Resource::${shown}]`, reason: why });
    }
  }
}

/** An ARN with what is known only on AWS in angle brackets, as findings name it. */
function shownArn(resolved: unknown): string {
  if (typeof resolved === "string") return resolved;
  const value = resolved as Readonly<Record<string, unknown>>;
  const [, parts] = (value["Fn::Join"] ?? []) as readonly [string, readonly unknown[]];
  if (parts !== undefined) return parts.map(shownArn).join("");
  const attribute = value["Fn::GetAtt"] as readonly string[] | undefined;
  if (attribute !== undefined) return `<${attribute.join(".")}>`;
  const text = value["Fn::Sub"];
  if (typeof text === "string") return text.replaceAll("${", "<").replaceAll("}", ">");
  return `<${String(value["Ref"])}>`;
}
