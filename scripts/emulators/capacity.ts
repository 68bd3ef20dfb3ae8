/** What calls cost on DynamoDB, as DynamoDB says. */
import { ConditionalCheckFailedException, type DynamoDBClient } from "@aws-sdk/client-dynamodb";

export interface Units {
  /** Of the table itself. */
  readonly table: number;
  /** Of its indexes, all together. */
  readonly indexes: number;
}

interface Consumed {
  readonly Table?: { readonly CapacityUnits?: number };
  readonly LocalSecondaryIndexes?: Readonly<Record<string, { readonly CapacityUnits?: number }>>;
  readonly GlobalSecondaryIndexes?: Readonly<Record<string, { readonly CapacityUnits?: number }>>;
}

/** A write whose condition did not hold is paid for, and does not say so: one unit, as most items of ours take. */
const REFUSED: Consumed = { Table: { CapacityUnits: 1 } };

const WRITES: ReadonlySet<string | undefined> = new Set([
  "PutItemCommand",
  "UpdateItemCommand",
  "DeleteItemCommand",
  "TransactWriteItemsCommand",
]);

/**
 * From now on each call of the client says what it consumed; the returned function gives the sum since it was last asked, of
 * all calls or of those that write.
 */
export function measureUnits(client: DynamoDBClient, calls: "all" | "writes" = "all"): () => Units {
  let seen: Consumed[] = [];
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: "INDEXES" } }).catch(
          (error: unknown) => {
            if (error instanceof ConditionalCheckFailedException) seen.push(REFUSED);
            throw error;
          },
        );
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Consumed | readonly Consumed[] };
        if (calls === "all" || WRITES.has(commandName)) seen.push(...[ConsumedCapacity ?? []].flat());
        return result;
      },
    { step: "initialize", name: `measureUnits-${calls}`, override: true },
  );
  return () => {
    const all = seen;
    seen = [];
    return {
      table: sum(all.map(({ Table }) => Table)),
      indexes: sum(
        all.flatMap(({ LocalSecondaryIndexes = {}, GlobalSecondaryIndexes = {} }) => [
          ...Object.values(LocalSecondaryIndexes),
          ...Object.values(GlobalSecondaryIndexes),
        ]),
      ),
    };
  };
}

const sum = (parts: readonly ({ readonly CapacityUnits?: number } | undefined)[]): number =>
  parts.reduce((total, part) => total + (part?.CapacityUnits ?? 0), 0);
