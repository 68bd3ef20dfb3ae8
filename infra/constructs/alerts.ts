/** Tells people of failed runs, of deadlines that were missed, and of DAGs that were paused because of them: what happened, and what to type next. */
import { EventField, Rule, RuleTargetInput, type EventBus, type IRuleTarget } from "aws-cdk-lib/aws-events";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";

export interface AlertsProps {
  readonly environment: string;
  readonly bus: EventBus;
  readonly emails: readonly string[];
}

/** A kind of fact that people are told. */
interface AlertSpec {
  readonly id: string;
  readonly description: string;
  readonly detailType: string;
  readonly detail?: Readonly<Record<string, readonly string[]>>;
  /** Commands, each on a line of its own. */
  readonly next: readonly string[];
}

const RUN = EventField.fromPath("$.detail.runId");
const DAG = EventField.fromPath("$.detail.dagId");

const SPECS: readonly AlertSpec[] = [
  {
    id: "RunFailed",
    description: "Failed runs are told",
    detailType: "run_ended",
    detail: { state: ["failed"] },
    next: [`why ${RUN}`, `retry ${RUN}`],
  },
  {
    id: "DeadlineMissed",
    description: "Deadlines that runs have missed are told",
    detailType: "run_deadline_missed",
    next: [`why ${RUN}`, `runs ${DAG} --late`],
  },
  {
    id: "DagPaused",
    description: "DAGs that were paused because their runs fail are told",
    detailType: "dag_paused",
    next: [`why ${DAG}`, `resume ${DAG}`],
  },
];

export class Alerts extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { environment, bus, emails }: AlertsProps) {
    super(scope, id);
    this.topic = new Topic(this, "Topic", { displayName: `Freshet ${environment}`, enforceSSL: true });
    for (const email of emails) this.topic.addSubscription(new EmailSubscription(email));
    for (const { next, ...spec } of SPECS) this.#tell(bus, spec, messageOf(environment, next));
  }

  #tell(bus: EventBus, { id, description, detailType, detail }: Omit<AlertSpec, "next">, input: RuleTargetInput): void {
    const { topic } = this;
    const target: IRuleTarget = { bind: () => ({ arn: topic.topicArn, input, targetResource: topic }) };
    const rule = new Rule(this, id, {
      description,
      eventBus: bus,
      eventPattern: {
        source: ["freshet"],
        detailType: [detailType],
        ...(detail === undefined ? {} : { detail }),
      },
      targets: [target],
    });
    // This rule, and not whichever rule of whichever account names the topic.
    const only = { ArnEquals: { "aws:SourceArn": rule.ruleArn } };
    topic.grantPublish(new ServicePrincipal("events.amazonaws.com", { conditions: only }));
  }
}

const messageOf = (environment: string, next: readonly string[]): RuleTargetInput =>
  RuleTargetInput.fromMultilineText(
    [
      `${environment}: ${EventField.fromPath("$.detail.text")}`,
      `at ${EventField.time}. What to type next:`,
      ...next.map((command) => `npx freshet ${command} --env ${environment}`),
    ].join("\n"),
  );
