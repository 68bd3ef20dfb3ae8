/**
 * What the endpoint's event sources did, from the lines that it logs for each batch: it takes from its queues by itself, where
 * no request can be counted.
 */
import { readFileSync, statSync } from "node:fs";

export interface Batch {
  /** The name of the function on AWS. */
  readonly functionName: string;
  readonly messages: number;
}

const DONE = /ESM: Lambda (\S+) processed (\d+) SQS messages/g;
const FAILED = /ESM: Lambda (\S+) failed processing SQS batch/;

/** Where the log ends now. */
export const endOf = (logFile: string): number => statSync(logFile).size;

/** Batches that functions have done since the log ended there. Throws if one of them failed: what it cost is not known. */
export function batchesSince(logFile: string, offset: number): readonly Batch[] {
  const log = readFileSync(logFile).subarray(offset).toString("utf8");
  const [failed] = FAILED.exec(log) ?? [];
  if (failed !== undefined) throw new Error(`${failed}: its log is ${logFile}`);
  return [...log.matchAll(DONE)].map(([, functionName = "", messages]) => ({
    functionName,
    messages: Number(messages),
  }));
}
