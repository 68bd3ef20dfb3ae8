import type { Channel } from "./terminal.ts";

/** One JSON value, indented, so that people can read it too. */
export const printJson = (out: Channel, value: unknown): void => out.line(JSON.stringify(value, undefined, 2));

/** One JSON value on a line: of a stream of them. */
export const printJsonLine = (out: Channel, value: unknown): void => out.line(JSON.stringify(value));
