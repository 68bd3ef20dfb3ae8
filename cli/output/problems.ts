/** Problems in the form that compilers give them: code, message, place with the line itself, and how to mend it. */
import type { Problem, SourcePlace } from "../../shared/core/problem.ts";
import { safeLine, safeText } from "./escape.ts";
import type { Channel } from "./terminal.ts";

/** The line of a source file, if it can be read; the caller decides how. */
export type SourceLine = (place: SourcePlace) => string | undefined;

/** Longer lines of source are not shown: the caret would be nowhere near. */
const SOURCE_LINE_LENGTH_MAX = 200;
const GUTTER_WIDTH_MIN = 2;

export function printProblem(channel: Channel, problem: Problem, sourceLine: SourceLine): void {
  const { code, level, message, at, labels = [], help } = problem;
  const [first = "", ...rest] = safeText(message).split("\n");
  const gutter = " ".repeat(Math.max(GUTTER_WIDTH_MIN, String(at?.line ?? "").length));
  const mark = (text: string): string => channel.paint("blue", text);
  const title = channel.paint(["bold", level === "error" ? "red" : "yellow"], `${level}[${code}]`);
  channel.line(`${title}${channel.paint("bold", `: ${first}`)}`);
  for (const line of rest) channel.line(`${gutter}   ${line}`);
  if (at !== undefined) {
    channel.line(`${gutter}${mark("-->")} ${placeText(at)}`);
    printSource(channel, at, gutter.length, sourceLine(at));
  }
  for (const { at: place, text } of labels) {
    channel.line(`${gutter} ${mark("=")} note: ${safeLine(text)}: ${placeText(place)}`);
  }
  if (help !== undefined) {
    channel.line(`${gutter} ${mark("=")} help: ${safeText(help).replaceAll("\n", `\n${gutter}         `)}`);
  }
}

const placeText = ({ file, line, column }: SourcePlace): string => `${safeLine(file)}:${line}:${column}`;

function printSource(channel: Channel, place: SourcePlace, gutter: number, source: string | undefined): void {
  if (source === undefined || source.length > SOURCE_LINE_LENGTH_MAX) return;
  const bar = (number: string): string => channel.paint("blue", `${number.padStart(gutter)} |`);
  const before = " ".repeat(Array.from(source.slice(0, place.column - 1)).length);
  channel.line(bar(""));
  channel.line(`${bar(String(place.line))} ${safeLine(source)}`);
  channel.line(`${bar("")} ${before}${channel.paint(["bold", "red"], "^")}`);
}

/** `2 errors, 1 warning`. */
export function problemCount(problems: readonly Problem[]): string {
  const errors = problems.filter(({ level }) => level === "error").length;
  const parts = [counted(errors, "error"), counted(problems.length - errors, "warning")];
  return parts.filter((part) => part !== undefined).join(", ") || "no problems";
}

const counted = (count: number, noun: string): string | undefined =>
  count === 0 ? undefined : `${count} ${noun}${count === 1 ? "" : "s"}`;
