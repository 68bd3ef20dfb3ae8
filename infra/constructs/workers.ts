/** Workers: containers on Fargate that take attempts from their queue, none while it is empty. */
import { Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import {
  AdjustmentType,
  ScalableTarget,
  ServiceNamespace,
  StepScalingAction,
} from "aws-cdk-lib/aws-applicationautoscaling";
import { Alarm, ComparisonOperator, TreatMissingData, type AlarmProps } from "aws-cdk-lib/aws-cloudwatch";
import { ApplicationScalingAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  SecurityGroup,
  SubnetType,
  Vpc,
  type IVpc,
} from "aws-cdk-lib/aws-ec2";
import { Platform } from "aws-cdk-lib/aws-ecr-assets";
import {
  Cluster,
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDriver,
  OperatingSystemFamily,
} from "aws-cdk-lib/aws-ecs";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { WorkersConfig } from "../config.ts";
import { LeastRole, type MayDo } from "./least-role.ts";
import type { WorkerSize } from "./worker-size.ts";

/** The most that Fargate allows: what is at work may end by itself until then. */
const STOP_TIMEOUT = Duration.seconds(120);
const PERIOD = Duration.minutes(1);
const OUT_COOLDOWN = Duration.minutes(1);
/** Minutes for which the queue must have been empty: a warm worker waits so long for more. */
const EMPTY_MINUTES = 5;
/** Containers more, by how many attempts wait at least. */
const STEPS: readonly (readonly [waiting: number, more: number])[] = [
  [1, 1],
  [5, 5],
  [25, 25],
];
const CIDR = "10.31.0.0/24";
const ZONES_MAX = 2;

export interface WorkersProps {
  readonly config: Extract<WorkersConfig, { readonly run: "fargate" }>;
  readonly queue: Queue;
  readonly imageFolder: string;
  readonly size: WorkerSize;
  readonly architecture: Architecture;
  /** JSON of what it may reach. */
  readonly deployment: string;
  readonly logRetentionDays: RetentionDays;
  /** Attempts at work at once, in all containers together. */
  readonly concurrencyMax: number;
}

export class Workers extends Construct implements MayDo {
  readonly role: LeastRole;
  readonly logGroup: LogGroup;
  readonly service: FargateService;

  constructor(scope: Construct, id: string, props: WorkersProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, "Logs", {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new LeastRole(this, "Role", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
    const vpc = vpcOf(this, props.config);
    const cluster = new Cluster(this, "Cluster", { vpc });
    Validations.of(cluster).acknowledge({
      id: "AwsSolutions::AwsSolutions-ECS4",
      reason:
        "Container Insights are custom metrics that cost more than an idle deployment; logs and the queue's metrics tell what works.",
    });
    this.service = this.#service(cluster, this.#taskDefinition(props), props);
    this.#scale(cluster, props);
    this.role.allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"], [props.queue.queueArn]);
    // A container tells ECS that it has work, so that it is not the one that goes.
    this.role.allow(
      ["ecs:UpdateTaskProtection"],
      [Stack.of(this).formatArn({ service: "ecs", resource: "task", resourceName: `${cluster.clusterName}/*` })],
      "The containers of its own cluster: their names are not known before they start.",
    );
  }

  allow(actions: readonly string[], resources: readonly string[], why?: string): void {
    this.role.allow(actions, resources, why);
  }

  #taskDefinition(props: WorkersProps): FargateTaskDefinition {
    const { size, architecture } = props;
    const arm = architecture === Architecture.ARM_64;
    const executionRole = new Role(this, "Start", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
    Validations.of(executionRole).acknowledge({
      id: "AwsSolutions::AwsSolutions-IAM5[Resource::*]",
      reason: "ecr:GetAuthorizationToken, which fetching the image begins with, knows no resources.",
    });
    const definition = new FargateTaskDefinition(this, "Task", {
      cpu: size.cpuUnits,
      memoryLimitMiB: size.memoryMb,
      taskRole: this.role,
      executionRole,
      runtimePlatform: {
        cpuArchitecture: arm ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    Validations.of(definition).acknowledge({
      id: "AwsSolutions::AwsSolutions-ECS2",
      reason: "The environment holds names of tables and queues, and no secret.",
    });
    definition.addContainer("worker", {
      image: ContainerImage.fromAsset(props.imageFolder, {
        platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      }),
      environment: {
        DEPLOYMENT: props.deployment,
        SLOTS: String(props.config.slots),
        TASK_MEMORY_MB: String(size.taskMemoryMb),
        POWERTOOLS_LOG_LEVEL: "INFO",
      },
      logging: LogDriver.awsLogs({ logGroup: this.logGroup, streamPrefix: "worker" }),
      stopTimeout: STOP_TIMEOUT,
    });
    return definition;
  }

  #service(cluster: Cluster, taskDefinition: FargateTaskDefinition, { config }: WorkersProps): FargateService {
    const isPublic = config.vpc === "own" || config.vpc.subnets === "public";
    return new FargateService(this, "Service", {
      cluster,
      taskDefinition,
      desiredCount: 0, // The backlog says how many.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      // Without a NAT gateway this is the way to AWS; nothing can come in.
      assignPublicIp: isPublic,
      vpcSubnets: { subnetType: isPublic ? SubnetType.PUBLIC : SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [
        new SecurityGroup(this, "Firewall", {
          vpc: cluster.vpc,
          description: "Workers of Freshet, into which nothing comes",
        }),
      ],
    });
  }

  #scale(cluster: Cluster, { queue, config, concurrencyMax }: WorkersProps): void {
    const scalingTarget = new ScalableTarget(this, "Count", {
      serviceNamespace: ServiceNamespace.ECS,
      resourceId: `service/${cluster.clusterName}/${this.service.serviceName}`,
      scalableDimension: "ecs:service:DesiredCount",
      minCapacity: 0,
      maxCapacity: Math.ceil(concurrencyMax / config.slots),
      role: Role.fromRoleArn(this, "Scaler", scalerArn(this)),
    });
    const out = new StepScalingAction(this, "Out", {
      scalingTarget,
      adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
      cooldown: OUT_COOLDOWN,
    });
    const [[first] = [1]] = STEPS;
    STEPS.forEach(([waiting, more], index) => {
      const next = STEPS[index + 1]?.[0];
      // Bounds of a step count from the alarm's threshold.
      const upperBound = next === undefined ? {} : { upperBound: next - first };
      out.addAdjustment({ adjustment: more, lowerBound: waiting - first, ...upperBound });
    });
    const none = new StepScalingAction(this, "None", { scalingTarget, adjustmentType: AdjustmentType.EXACT_CAPACITY });
    none.addAdjustment({ adjustment: 0, upperBound: 0 });
    const metric = queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: "Maximum" });
    this.#alarm("Waiting", out, {
      metric,
      alarmDescription: "Attempts wait for a worker: containers are started.",
      threshold: first,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    // A container with work is protected, and goes when that has ended.
    this.#alarm("Empty", none, {
      metric,
      alarmDescription: "No attempt waits for a worker: containers without work are ended.",
      threshold: first,
      evaluationPeriods: EMPTY_MINUTES,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }

  #alarm(id: string, action: StepScalingAction, props: AlarmProps): void {
    new Alarm(this, id, props).addAlarmAction(new ApplicationScalingAction(action));
  }
}

function vpcOf(scope: Construct, { vpc }: WorkersProps["config"]): IVpc {
  if (vpc !== "own") return Vpc.fromLookup(scope, "Vpc", { vpcId: vpc.id });
  const own = new Vpc(scope, "Vpc", {
    ipAddresses: IpAddresses.cidr(CIDR),
    maxAzs: ZONES_MAX,
    natGateways: 0,
    subnetConfiguration: [{ name: "workers", subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false }],
    // They cost nothing, and keep tables and objects off the public way.
    gatewayEndpoints: {
      dynamo: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      s3: { service: GatewayVpcEndpointAwsService.S3 },
    },
    restrictDefaultSecurityGroup: false, // It would take a function of its own; nothing is in that group.
  });
  Validations.of(own).acknowledge({
    id: "AwsSolutions::AwsSolutions-VPC7",
    reason: "Nothing listens in it, and nothing comes in; flow logs are the account's to decide.",
  });
  return own;
}

/** Application Auto Scaling's own role, which AWS makes in each account. */
function scalerArn(scope: Construct): string {
  return Stack.of(scope).formatArn({
    service: "iam",
    region: "",
    resource: "role",
    resourceName:
      "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
  });
}
