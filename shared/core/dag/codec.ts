/** The stored form of a DAG. */
import { DAG_SCHEMA, type DagRecord } from "./record.ts";
import { checkSchema } from "../schema.ts";

export const encodeDag = (dag: DagRecord): string => JSON.stringify(dag);

/** Throws RECORD_NEWER for a schema that this code does not know; anything else that cannot be read throws too. */
export function decodeDag(text: string): DagRecord {
  const dag = JSON.parse(text) as DagRecord;
  checkSchema(`DAG '${dag.dagId}'`, dag.schema, DAG_SCHEMA);
  return dag;
}
