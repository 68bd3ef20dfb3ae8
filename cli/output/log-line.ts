/** Lines of tasks' logs as people read them. */
import type { LogLine } from "../../shared/embedded/log-store.ts";
import { safeText } from "./escape.ts";
import type { Channel } from "./terminal.ts";

const LEVEL_FORMAT = { debug: "dim", info: "none", warn: "yellow", error: "red" } as const;

/** `04:00:03.120 info  message  {"rows":12}`; further lines of a message are indented below it. */
export function logText(channel: Channel, { at, level, message, fields }: LogLine): string {
  const time = channel.paint(
    "dim",
    at
      .slice(11)
      .replace(/Z$/, "")
      .padEnd(12, at.includes(".") ? "0" : " "),
  );
  const label = channel.paint(LEVEL_FORMAT[level] ?? "none", level.padEnd(5));
  const more = fields === undefined ? "" : ` ${channel.paint("dim", safeText(JSON.stringify(fields)))}`;
  return `${time} ${label} ${safeText(message).replaceAll("\n", `\n${" ".repeat(19)}`)}${more}`;
}
