/** What orchestrating a million tasks costs, from the calls that one was counted to make. The tasks' own work is not in it. */
import { PRICES } from "./prices.ts";

/** Of a function of 256 MB, for each batch that it takes. */
const FUNCTION = { seconds: 0.04, memoryGb: 0.25 } as const;
/** Of all lines that a task's attempt and decisions write. */
const LOG_BYTES = 600;
const GB = 1024 ** 3;
const MILLION = 1_000_000;

/** By `Service.Operation`, how often for each task. */
export type Calls = Readonly<Record<string, number>>;

const WRITES = new Set(["PutItem", "UpdateItem"]);

/** Dollars. Each write is one unit, as docs/adr/0003-dynamodb-tables.md counts them; each read is consistent. */
export function dollarsPerMillion(calls: Calls): number {
  let dollars = (LOG_BYTES / GB) * PRICES.logGb;
  for (const [call, count] of Object.entries(calls)) {
    const [service, operation = ""] = call.split(".");
    if (service === "SQS") dollars += count * PRICES.sqsRequest;
    else if (service === "EventBridge") dollars += count * PRICES.busEvent;
    else if (service === "DynamoDB") {
      dollars += count * (WRITES.has(operation) ? PRICES.dynamoWriteUnit : PRICES.dynamoReadUnit);
    }
    // A batch that was received is an invocation.
    if (call === "SQS.ReceiveMessage") {
      dollars += count * (PRICES.lambdaRequest + FUNCTION.seconds * FUNCTION.memoryGb * PRICES.lambdaGbSecond);
    }
  }
  return dollars * MILLION;
}
