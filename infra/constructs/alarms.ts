/** Four alarms: more would cost more than the rest of an idle deployment. */
import { Duration, Stack } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, TreatMissingData, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { EngineFunction } from "./function.ts";
import type { Queues } from "./queues.ts";

const PERIOD = Duration.minutes(5);
/** An event of a run that waits longer holds the run up. */
const AGE_SECONDS_MAX = 300;

export interface AlarmsProps {
  readonly queues: Queues;
  readonly scheduler: EngineFunction;
  readonly tick: EngineFunction;
  /** Hears of them. */
  readonly topic: ITopic;
}

interface AlarmSpec {
  readonly id: string;
  /** What the person who is woken should know. */
  readonly description: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly below?: true;
}

export class Alarms extends Construct {
  constructor(scope: Construct, id: string, { queues, scheduler, tick, topic }: AlarmsProps) {
    super(scope, id);
    const statistic = { period: PERIOD, statistic: "Sum" };
    const specs: readonly AlarmSpec[] = [
      {
        id: "DeadLetters",
        description:
          "Messages died. The tick has decided what becomes of them; its log says of what. docs/runbooks/dead-letters.md",
        metric: queues.dead.metricNumberOfMessagesReceived(statistic),
        threshold: 1,
      },
      {
        id: "OldEvents",
        description: "Events of runs wait to be decided. Look at the errors and throttles of the scheduler's function.",
        metric: queues.events.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: "Maximum" }),
        threshold: AGE_SECONDS_MAX,
      },
      {
        id: "SchedulerErrors",
        description: "The scheduler's function fails. Its log says why; nothing is lost meanwhile.",
        metric: scheduler.function.metricErrors(statistic),
        threshold: 1,
      },
      {
        id: "TickMissing",
        description: "Nothing wakes what is due: no schedule fires. Look at the rule and the function of the tick.",
        metric: tick.function.metricInvocations(statistic),
        threshold: 1,
        below: true,
      },
    ];
    const alarms = specs.map((spec) => this.#alarm(spec));
    // A topic with a policy of its own no longer lets everything in the account publish.
    const { account } = Stack.of(this);
    topic.grantPublish(
      new ServicePrincipal("cloudwatch.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": account } },
      }),
    );
    for (const alarm of alarms) alarm.addAlarmAction(new SnsAction(topic));
  }

  #alarm({ id, description, metric, threshold, below }: AlarmSpec): Alarm {
    return new Alarm(this, id, {
      alarmDescription: description,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator:
        below === true ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: below === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
  }
}
