/** What a deployment costs in a month in which nothing runs, from its synthesized template. */
import { PRICES } from "./prices.ts";

/** A month of 30 days. */
const MINUTES = 43_200;
/** Lambda asks an empty queue with five long polls of 20 seconds at once. */
const POLLS_A_MINUTE = 15;
/** A tick without anything to do: it asks the eight shards of what is due, half a read unit each, and the dead letters once. */
const TICK = { seconds: 0.06, readUnits: 4, queueRequests: 1 } as const;

export interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

export interface CostItem {
  readonly what: string;
  readonly count: number;
  readonly dollars: number;
}

/** Whatever costs nothing while nothing runs is not in it. */
export function idleCost({ Resources }: Template): readonly CostItem[] {
  const resources = Object.values(Resources);
  const count = (type: string): number => resources.filter(({ Type }) => Type === type).length;
  const ticks = resources.filter(({ Type, Properties }) => Type === "AWS::Events::Rule" && isMinutely(Properties));
  const [memoryMb = 0] = resources
    .filter(({ Properties }) => Properties?.["Description"] === "Freshet: wakes what is due")
    .map(({ Properties }) => Number(Properties?.["MemorySize"]));
  const items = [
    item(
      "queues that are polled",
      count("AWS::Lambda::EventSourceMapping"),
      MINUTES * POLLS_A_MINUTE * PRICES.sqsRequest,
    ),
    item("ticks, their reads and looks at dead letters", ticks.length, MINUTES * tickCost(memoryMb)),
    item("alarms", count("AWS::CloudWatch::Alarm"), PRICES.alarmMonth),
    item("keys", count("AWS::KMS::Key"), PRICES.kmsKeyMonth),
    item("secrets", count("AWS::SecretsManager::Secret"), PRICES.secretMonth),
    item("NAT gateways", count("AWS::EC2::NatGateway"), PRICES.natGatewayMonth),
  ];
  return items.filter((found) => found.count > 0);
}

const item = (what: string, count: number, each: number): CostItem => ({ what, count, dollars: count * each });

const isMinutely = (properties: Readonly<Record<string, unknown>> = {}): boolean =>
  properties["ScheduleExpression"] === "rate(1 minute)";

function tickCost(memoryMb: number): number {
  const compute = TICK.seconds * (memoryMb / 1_024) * PRICES.lambdaGbSecond;
  return (
    PRICES.lambdaRequest + compute + TICK.readUnits * PRICES.dynamoReadUnit + TICK.queueRequests * PRICES.sqsRequest
  );
}
