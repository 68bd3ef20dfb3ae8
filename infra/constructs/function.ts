/** A function with a role, a log group and code of its own. */
import { RemovalPolicy, type Duration } from "aws-cdk-lib";
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  type Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
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
    this.allow(
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      [this.logGroup.logGroupArn, `${this.logGroup.logGroupArn}:*`],
    );
  }

  /** Exactly these actions on exactly these resources. */
  allow(actions: readonly string[], resources: readonly string[], conditions?: Readonly<Record<string, object>>): void {
    this.role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: [...actions],
        resources: [...resources],
        ...(conditions === undefined ? {} : { conditions: { ...conditions } }),
      }),
    );
  }
}
