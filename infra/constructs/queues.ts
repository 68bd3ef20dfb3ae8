/** The queues: run events, the attempts of each executor class, and what could not be delivered. */
import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { ExecutorClass } from "../../shared/core/executor-class.ts";

/** Deliveries of a message before it is dead. */
const RECEIVES_MAX = 5;
/** The longest that SQS keeps a message: dead letters longer than what they come from. */
const DEAD_RETENTION = Duration.days(14);
const RETENTION = Duration.days(4);
/** A worker removes a message once its attempt is claimed. */
const WORKER_VISIBILITY = Duration.seconds(60);
/** Between the end of a function and the next delivery of what it had. */
const VISIBILITY_SPARE = Duration.seconds(60);

export interface QueuesProps {
  readonly schedulerTimeout: Duration;
  readonly executorTimeout: Duration;
  readonly executorClasses: readonly ExecutorClass[];
}

export interface Queues {
  readonly events: Queue;
  readonly tasks: ReadonlyMap<ExecutorClass, Queue>;
  /** Dead letters of all of them: the tick decides what becomes of each. */
  readonly dead: Queue;
}

export function createQueues(scope: Construct, props: QueuesProps): Queues {
  const dead = new Queue(scope, "DeadLetters", { ...SAFE, retentionPeriod: DEAD_RETENTION });
  const queue = (id: string, visibilityTimeout: Duration): Queue =>
    new Queue(scope, id, {
      ...SAFE,
      retentionPeriod: RETENTION,
      visibilityTimeout,
      deadLetterQueue: { queue: dead, maxReceiveCount: RECEIVES_MAX },
    });
  const afterFunction = (timeout: Duration): Duration => timeout.plus(VISIBILITY_SPARE);
  const tasks = props.executorClasses.map((name) => {
    const visibility = name === "worker" ? WORKER_VISIBILITY : afterFunction(props.executorTimeout);
    return [name, queue(`Tasks-${name}`, visibility)] as const;
  });
  return { events: queue("RunEvents", afterFunction(props.schedulerTimeout)), tasks: new Map(tasks), dead };
}

/** A message may be as large as SQS lets it: a dispatch carries the params of its run. */
const SAFE = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  maxMessageSizeBytes: 1_048_576,
} as const;
