/**
 * A whole Freshet in somebody's stack: `new Freshet(this, "Freshet", { environment: "prod", dags: "dags", config })`.
 * What its parts are for is in docs/deploy.md.
 */
import { join, resolve } from "node:path";
import { CfnOutput, CustomResource, Duration, Stack } from "aws-cdk-lib";
import { EventBus, Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget, SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Architecture } from "aws-cdk-lib/aws-lambda";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { Bucket, IBucket } from "aws-cdk-lib/aws-s3";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { Construct } from "constructs";
import { ENGINE_SCHEMA } from "../../shared/aws/dynamo/tables.ts";
import { deploymentParameter } from "../../shared/contract/deployment.ts";
import { memoryOfClass, type ExecutorClass } from "../../shared/core/executor-class.ts";
import { checkedRelease } from "../checked-release.ts";
import type { CompiledRelease } from "../compile.ts";
import type { EnvironmentConfig } from "../config.ts";
import { dagSettings, dataWindowMs } from "../dag-settings.ts";
import { Alarms } from "./alarms.ts";
import { Alerts } from "./alerts.ts";
import { createBuckets, createOwnBucket } from "./buckets.ts";
import { classesOf } from "./executor-classes.ts";
import { EngineFunction, type EngineFunctionProps } from "./function.ts";
import { functionCode } from "./function-code.ts";
import { packagesLayer } from "./packages-layer.ts";
import { createQueues, type Queues } from "./queues.ts";
import { DeployedRelease } from "./release.ts";
import {
  allowBucket,
  allowChecking,
  allowDeciding,
  allowExecuting,
  allowRegistering,
  allowTicking,
  type Reachable,
} from "./rights.ts";
import { createTables, type Tables } from "./tables.ts";
import { workerImageFolder } from "./worker-image.ts";
import { workerSize } from "./worker-size.ts";
import { Workers } from "./workers.ts";

const SCHEDULER_TIMEOUT = Duration.seconds(60);
const SCHEDULER_MEMORY_MB = 512;
/** Of one batch of the run-event queue. */
const EVENTS_BATCH = 10;
/** It only sends wakes, but does so for ever. */
const TICK_MEMORY_MB = 256;
/** A tick ends before the next one begins. */
const TICK_TIMEOUT = Duration.seconds(58);
const REGISTER_TIMEOUT = Duration.minutes(4);
/** Lambda's limit: attempts of 14 minutes, and what is around them. */
const EXECUTOR_TIMEOUT = Duration.minutes(15);

export interface FreshetProps {
  /** Its name: `freshet runs --env NAME` finds it by this. */
  readonly environment: string;
  readonly config: EnvironmentConfig;
  /** The folder with the DAG files, relative to `projectRoot`. */
  readonly dags: string;
  /** Where package.json is; the present folder unless given. */
  readonly projectRoot?: string;
  /** What was compiled before, instead of compiling `dags`. */
  readonly compiled?: CompiledRelease;
}

export class Freshet extends Construct implements Reachable {
  readonly tables: Tables;
  readonly queues: Queues;
  /** Facts about runs, for rules of yours. */
  readonly bus: EventBus;
  /** Freshet's own: code, outputs, staging. */
  readonly bucket: Bucket;
  /** By the name that pipelines have for them. */
  readonly buckets: ReadonlyMap<string, IBucket>;
  /** Undefined unless a DAG has a task for them, and the environment runs them. */
  readonly workers: Workers | undefined;
  readonly scheduler: EngineFunction;
  readonly tick: EngineFunction;
  readonly registrar: EngineFunction;
  /** Hears what people are told; undefined where alerting is off. */
  readonly alerts: Topic | undefined;
  /** By class. Grant their roles what your tasks need. */
  readonly executors: ReadonlyMap<ExecutorClass, EngineFunction>;
  /** What tasks are told of where they run. */
  readonly #where: { readonly environment: string; readonly dataWindowMs: number | null };

  constructor(scope: Construct, id: string, props: FreshetProps) {
    super(scope, id);
    const { config, environment } = props;
    const projectRoot = resolve(props.projectRoot ?? ".");
    const out = join(projectRoot, "cdk.out", ".freshet", environment);
    const compiled = checkedRelease({ ...props, projectRoot, out: join(out, "release") });
    const classes = classesOf(compiled, config.keepClasses);
    this.#where = { environment, dataWindowMs: dataWindowMs(config) };

    this.tables = createTables(this, config);
    this.queues = createQueues(this, {
      schedulerTimeout: SCHEDULER_TIMEOUT,
      executorTimeout: EXECUTOR_TIMEOUT,
      executorClasses: classes,
    });
    this.bus = new EventBus(this, "Bus", { description: `Facts about runs of Freshet in ${environment}` });
    this.bucket = createOwnBucket(this, config.keepData);
    this.buckets = createBuckets(this, config.buckets, config.keepData);

    this.executors = this.#createExecutors(classes, compiled, config, projectRoot, out);
    this.workers = this.#createWorkers(compiled, config, projectRoot, out);
    const deployment = this.#deploymentText(environment, config);
    const common = { ...commonProps(config), deployment };
    this.scheduler = new EngineFunction(this, "Scheduler", {
      ...common,
      description: "Freshet: advances runs and DAGs",
      code: functionCode("scheduler", out),
      timeout: SCHEDULER_TIMEOUT,
      memoryMb: SCHEDULER_MEMORY_MB,
    });
    allowDeciding(this.scheduler, this);
    this.scheduler.function.addEventSource(eventsSource(this.queues, config));
    this.tick = new EngineFunction(this, "Tick", {
      ...common,
      description: "Freshet: wakes what is due",
      code: functionCode("tick", out),
      timeout: TICK_TIMEOUT,
      memoryMb: TICK_MEMORY_MB,
      ...(config.tickConcurrency === null ? {} : { reservedConcurrency: config.tickConcurrency }),
    });
    allowTicking(this.tick, this);
    this.registrar = new EngineFunction(this, "Register", {
      ...common,
      description: "Freshet: takes deployed DAGs in",
      code: functionCode("register", out),
      timeout: REGISTER_TIMEOUT,
      memoryMb: SCHEDULER_MEMORY_MB,
    });
    allowRegistering(this.registrar, this);

    this.alerts = this.#createAlerts(environment, config);
    for (const [name, bucket] of this.buckets) {
      new CfnOutput(this, `Name-${name}`, { description: `The bucket '${name}'`, value: bucket.bucketName });
    }
    this.#addRules(compiled);
    this.#addRelease(compiled, config, out);
    new StringParameter(this, "Deployment", {
      parameterName: deploymentParameter(environment),
      description: `Where Freshet's ${environment} environment is, for its command line`,
      stringValue: deployment,
    });
  }

  #createExecutors(
    classes: readonly ExecutorClass[],
    compiled: CompiledRelease,
    config: EnvironmentConfig,
    projectRoot: string,
    out: string,
  ): ReadonlyMap<ExecutorClass, EngineFunction> {
    const common = commonProps(config);
    const layer = packagesLayer(this, "Packages", {
      projectRoot,
      packages: compiled.release.packages,
      architecture: common.architecture,
      out,
    });
    const code = functionCode("executor", out);
    const deployment = this.#executorText();
    const executors = new Map<ExecutorClass, EngineFunction>();
    for (const name of classes) {
      const queue = this.queues.tasks.get(name);
      if (queue === undefined || name === "worker") continue;
      const executor = new EngineFunction(this, `Executor-${name}`, {
        ...common,
        deployment,
        description: `Freshet: runs tasks of class ${name}`,
        code,
        timeout: EXECUTOR_TIMEOUT,
        memoryMb: memoryOfClass(name) ?? config.memoryMb,
        layers: layer === undefined ? [] : [layer],
      });
      allowExecuting(executor, this);
      for (const bucket of this.buckets.values()) allowBucket(executor, bucket);
      executor.function.addEventSource(
        new SqsEventSource(queue, {
          batchSize: 1,
          maxConcurrency: config.maxConcurrency[name] ?? config.maxConcurrency.default,
          reportBatchItemFailures: true,
        }),
      );
      executors.set(name, executor);
    }
    return executors;
  }

  /** Containers, if a DAG has a task for them and the environment runs them. */
  #createWorkers(
    compiled: CompiledRelease,
    config: EnvironmentConfig,
    projectRoot: string,
    out: string,
  ): Workers | undefined {
    const queue = this.queues.tasks.get("worker");
    if (queue === undefined || config.workers.run !== "fargate") return undefined;
    const { architecture, logRetentionDays } = commonProps(config);
    const workers = new Workers(this, "Workers", {
      config: config.workers,
      queue,
      imageFolder: workerImageFolder({ projectRoot, packages: compiled.release.packages, architecture, out }),
      size: workerSize(compiled, config.workers.slots),
      architecture,
      deployment: this.#executorText({ tasksQueueUrl: queue.queueUrl }),
      logRetentionDays,
      concurrencyMax: config.maxConcurrency.worker ?? config.maxConcurrency.default,
    });
    allowExecuting(workers, this);
    for (const bucket of this.buckets.values()) allowBucket(workers, bucket);
    return workers;
  }

  #createAlerts(environment: string, { alerting }: EnvironmentConfig): Topic | undefined {
    if (alerting === "off") return undefined;
    const { topic } = new Alerts(this, "Alerts", { environment, bus: this.bus, emails: alerting.emails });
    new Alarms(this, "Alarms", { queues: this.queues, scheduler: this.scheduler, tick: this.tick, topic });
    return topic;
  }

  #executorText(more: Readonly<Record<string, string>> = {}): string {
    return Stack.of(this).toJsonString({
      v: 1,
      ...this.#where,
      attemptsTable: this.tables.attempts.tableName,
      bucket: this.bucket.bucketName,
      eventsQueueUrl: this.queues.events.queueUrl,
      bucketNames: this.#bucketNames(),
      ...more,
    });
  }

  #bucketNames(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.buckets].map(([name, bucket]) => [name, bucket.bucketName]));
  }

  #deploymentText(environment: string, config: EnvironmentConfig): string {
    const { schedules, deadlines } = dagSettings(environment, config);
    return Stack.of(this).toJsonString({
      v: 1,
      ...this.#where,
      engineTable: this.tables.engine.tableName,
      attemptsTable: this.tables.attempts.tableName,
      bucket: this.bucket.bucketName,
      eventsQueueUrl: this.queues.events.queueUrl,
      deadLettersUrl: this.queues.dead.queueUrl,
      taskQueueUrls: Object.fromEntries([...this.queues.tasks].map(([name, queue]) => [name, queue.queueUrl])),
      busName: this.bus.eventBusName,
      bucketNames: this.#bucketNames(),
      schedules: schedules.default,
      deadlines,
      executorLogGroups: this.#executing().map(({ logGroup }) => logGroup.logGroupName),
    });
  }

  #executing(): readonly (EngineFunction | Workers)[] {
    return [...this.executors.values(), ...(this.workers === undefined ? [] : [this.workers])];
  }

  /** The minute, and objects that arrive in buckets that DAGs wait for. */
  #addRules({ release }: CompiledRelease): void {
    new Rule(this, "Minute", {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaTarget(this.tick.function, { retryAttempts: 0 })], // The next one comes in a minute.
    });
    const waited = release.dags.flatMap(({ manifest }) => manifest.triggers.map(({ bucket }) => bucket));
    for (const name of new Set(waited)) {
      const bucket = this.buckets.get(name);
      if (bucket === undefined)
        throw new Error(`what was compiled before waits for bucket '${name}', which this environment does not have`);
      new Rule(this, `Arrivals-${name}`, {
        description: `Objects in ${name} start runs`,
        eventPattern: {
          source: ["aws.s3"],
          detailType: ["Object Created"],
          detail: { bucket: { name: [bucket.bucketName] } },
        },
        targets: [new SqsQueue(this.queues.events, { deadLetterQueue: this.queues.dead })],
      });
    }
  }

  #addRelease(compiled: CompiledRelease, config: EnvironmentConfig, out: string): void {
    // An older engine, or an account that does not have what is asked for, is refused before anything that would run is there.
    const needs = accountNeeds(config, [...this.executors.keys()]);
    allowChecking(
      this.registrar,
      Object.keys(needs.buckets).flatMap((name) => this.buckets.get(name) ?? []),
      config.restoredTables === undefined ? [] : [this.tables.engine, this.tables.attempts],
    );
    const check = new CustomResource(this, "EngineCheck", {
      resourceType: "Custom::FreshetEngineCheck",
      serviceToken: this.registrar.function.functionArn,
      serviceTimeout: Duration.minutes(5),
      properties: { action: "check", schema: String(ENGINE_SCHEMA), needs: JSON.stringify(needs) },
    });
    for (const engine of [this.scheduler, this.tick, ...this.executors.values()]) {
      engine.function.node.addDependency(check);
    }
    this.workers?.service.node.addDependency(check);
    check.node.addDependency(this.registrar);
    const release = new DeployedRelease(this, "Release", { compiled, registrar: this.registrar, out });
    release.resource.node.addDependency(this.scheduler, this.tick, ...this.#executing());
  }
}

const eventsSource = ({ events }: Queues, { schedulerConcurrency }: EnvironmentConfig): SqsEventSource =>
  new SqsEventSource(events, {
    batchSize: EVENTS_BATCH,
    reportBatchItemFailures: true,
    ...(schedulerConcurrency === undefined ? {} : { maxConcurrency: schedulerConcurrency }),
  });

/** What the account has to have, as shared/aws/deployment/account.ts looks for it. */
function accountNeeds(
  { tickConcurrency, maxConcurrency, buckets, restoredTables: tables }: EnvironmentConfig,
  classes: readonly ExecutorClass[],
) {
  const existing = Object.entries(buckets).flatMap(([name, bucket]) =>
    "existing" in bucket ? [[name, bucket.existing] as const] : [],
  );
  return {
    tickConcurrency: tickConcurrency ?? 0,
    executorConcurrency: classes.reduce((sum, name) => sum + (maxConcurrency[name] ?? maxConcurrency.default), 0),
    buckets: Object.fromEntries(existing),
    ...(tables === undefined ? {} : { tables }),
  };
}

function commonProps(
  config: EnvironmentConfig,
): Pick<EngineFunctionProps, "architecture" | "logRetentionDays" | "tracing"> {
  return {
    architecture: config.architecture === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
    logRetentionDays: config.logRetentionDays,
    tracing: config.tracing,
  };
}
