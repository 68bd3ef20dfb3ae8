/** Logs of attempts, as executors wrote them to CloudWatch. */
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { AttemptKey } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { LogLevel } from "../core/task-host.ts";
import type { ClientSettings } from "./clients/client-options.ts";

/** Pages of one log group that are read at the most. */
const PAGES_MAX = 50;

export interface CloudLogLine {
  /** ISO 8601. */
  readonly at: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: JsonObject;
}

/** Reads the lines of an attempt, oldest first. What was written a few seconds ago may still be missing. */
export function createCloudLogs(
  settings: ClientSettings,
  groups: readonly string[],
): (key: AttemptKey) => Promise<readonly CloudLogLine[]> {
  const client = new CloudWatchLogsClient(settings);
  return async (key) => {
    const lines = await Promise.all(groups.map((group) => linesOf(client, group, key)));
    return lines.flat().toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  };
}

async function linesOf(client: CloudWatchLogsClient, group: string, key: AttemptKey): Promise<readonly CloudLogLine[]> {
  const { runId, taskId, mapIndex, attempt } = key;
  const filterPattern = `{ $.runId = "${runId}" && $.taskId = "${taskId}" && $.mapIndex = ${mapIndex} && $.attempt = ${attempt} }`;
  const lines: CloudLogLine[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = await client.send(
      new FilterLogEventsCommand({
        logGroupName: group,
        filterPattern,
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
    );
    for (const { message = "" } of reply.events ?? []) lines.push(...lineOf(message, key));
    nextToken = reply.nextToken;
    if (nextToken === undefined) break;
  }
  return lines;
}

interface WrittenLine extends Partial<AttemptKey> {
  readonly level?: string;
  readonly message?: string;
  readonly timestamp?: string;
  readonly fields?: JsonObject;
}

/** None if it is not what an executor wrote about the attempt. */
function lineOf(text: string, key: AttemptKey): readonly CloudLogLine[] {
  let line: WrittenLine;
  try {
    line = JSON.parse(text) as WrittenLine;
  } catch {
    return [];
  }
  const { level = "INFO", message = "", timestamp = "", fields } = line;
  if (line.runId !== key.runId || line.taskId !== key.taskId || line.attempt !== key.attempt) return [];
  const known = level.toLowerCase();
  const shown = known === "debug" || known === "warn" || known === "error" ? known : "info";
  return [{ at: timestamp, level: shown, message, ...(fields === undefined ? {} : { fields }) }];
}
