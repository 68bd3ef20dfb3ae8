/** Counts what goes over the wire: every try of every call, by service and operation. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

export interface CallCounter {
  record(call: string): void;
  /** `{ "DynamoDB.PutItem": 3 }`, by name. */
  counts(): Readonly<Record<string, number>>;
  total(): number;
  reset(): void;
}

export function createCallCounter(): CallCounter {
  const counts = new Map<string, number>();
  return {
    record: (call) => void counts.set(call, (counts.get(call) ?? 0) + 1),
    counts: () => Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    total: () => [...counts.values()].reduce((total, count) => total + count, 0),
    reset: () => counts.clear(),
  };
}

/** Any client of the SDK: their middleware stacks differ only in the types of what passes through. */
interface CountedClient {
  readonly middlewareStack: { readonly add: unknown };
}

/** From now on the counter records every request that the client sends, retries included. */
export function countCalls(client: CountedClient, counter: CallCounter): void {
  const stack = client.middlewareStack as DynamoDBClient["middlewareStack"];
  stack.add(
    (next, context) => (args) => {
      counter.record(callName(context));
      return next(args);
    },
    // The retries lie before this step: it is passed once for each of them.
    { step: "deserialize", priority: "low", name: "freshetCallCounter", override: true },
  );
}

function callName({
  clientName,
  commandName,
}: {
  readonly clientName?: string;
  readonly commandName?: string;
}): string {
  return `${(clientName ?? "").replace(/Client$/, "")}.${(commandName ?? "").replace(/Command$/, "")}`;
}
