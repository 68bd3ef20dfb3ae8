/** A function with a role, a log group and code of its own. */
import { RemovalPolicy, type Duration } from "aws-cdk-lib";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
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
import { LeastRole, type MayDo } from "./least-role.ts";

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
export class EngineFunction extends Construct implements MayDo {
  readonly function: LambdaFunction;
  readonly role: LeastRole;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: EngineFunctionProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, "Logs", {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Without the managed policy, which would let it write to every log of the account.
    this.role = new LeastRole(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
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

  allow(actions: readonly string[], resources: readonly string[], why?: string): void {
    this.role.allow(actions, resources, why);
  }
}
