/** The two tables, as shared/aws/dynamo/tables.ts defines them. */
import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  type Attribute,
  type ITable,
} from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import {
  ATTEMPTS_TABLE,
  ENGINE_TABLE,
  type IndexDefinition,
  type TableDefinition,
} from "../../shared/aws/dynamo/tables.ts";

export interface TablesProps {
  /** Tables outlive the stack, and cannot be deleted by mistake. */
  readonly keepData: boolean;
  /** Names of those that are used instead of ours, which stay. */
  readonly restoredTables?: { readonly engine: string; readonly attempts: string };
}

export interface Tables {
  /** Only the engine's functions reach it. */
  readonly engine: ITable;
  readonly attempts: ITable;
}

/** Those that the engine works on. */
export function createTables(scope: Construct, props: TablesProps): Tables {
  const { restoredTables: restored } = props;
  const made = {
    engine: createTable(scope, "EngineTable", ENGINE_TABLE, props),
    attempts: createTable(scope, "AttemptsTable", ATTEMPTS_TABLE, props),
  };
  if (restored === undefined) return made;
  return {
    engine: Table.fromTableName(scope, "RestoredEngineTable", restored.engine),
    attempts: Table.fromTableName(scope, "RestoredAttemptsTable", restored.attempts),
  };
}

function createTable(scope: Construct, id: string, definition: TableDefinition, { keepData }: TablesProps): Table {
  const table = new Table(scope, id, {
    partitionKey: text(definition.partitionKey),
    sortKey: text(definition.sortKey),
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: definition.expires,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: keepData,
    removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  for (const index of definition.globalIndexes) {
    table.addGlobalSecondaryIndex({
      ...projection(index),
      partitionKey: text(index.partitionKey),
      sortKey: sortKey(index),
    });
  }
  for (const index of definition.localIndexes) {
    table.addLocalSecondaryIndex({ ...projection(index), sortKey: sortKey(index) });
  }
  return table;
}

const text = (name: string): Attribute => ({ name, type: AttributeType.STRING });

const sortKey = ({ sortKey: name, sortKeyType }: IndexDefinition): Attribute => ({
  name,
  type: sortKeyType === "N" ? AttributeType.NUMBER : AttributeType.STRING,
});

function projection({ indexName, projected }: IndexDefinition) {
  if (projected === "all") return { indexName, projectionType: ProjectionType.ALL };
  if (projected.length === 0) return { indexName, projectionType: ProjectionType.KEYS_ONLY };
  return { indexName, projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...projected] };
}
