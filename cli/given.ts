/** Values of options, checked: USAGE says what was given, what is expected, and the nearest that would do. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { FreshetError } from "../shared/core/errors.ts";
import type { JsonObject } from "../shared/core/json.ts";
import { didYouMean } from "../shared/core/problem.ts";

/** A whole number from 1 to `max`; undefined if the option was not given. */
export function countOf(option: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= max) return count;
  throw new FreshetError("USAGE", `${option} is '${text}'; expected a whole number from 1 to ${max}`);
}

/** It is kept in records, beside what they are about. */
const REASON_LENGTH_MAX = 1_000;

/** What `--reason` says; nothing if it is not given. Throws USAGE. */
export function reasonOf(text = ""): string {
  if (text.length <= REASON_LENGTH_MAX) return text;
  const given = `--reason has ${text.length} characters; at most ${REASON_LENGTH_MAX} are kept`;
  throw new FreshetError("USAGE", `${given}: say it in short, and where the rest is`);
}

/** One of `allowed`; undefined if the option was not given. */
export function choiceOf<const Choice extends string>(
  option: string,
  text: string | undefined,
  allowed: readonly Choice[],
): Choice | undefined {
  if (text === undefined) return undefined;
  const choice = allowed.find((value) => value === text);
  if (choice !== undefined) return choice;
  throw new FreshetError("USAGE", `${option} is '${text}'; expected ${allowed.join(", ")}${didYouMean(text, allowed)}`);
}

/** Params as JSON, or `@file` with JSON in it. Whether they fit the DAG is its schema's to say. Throws USAGE. */
export function paramsOf(text: string | undefined, cwd: string): JsonObject | undefined {
  if (text === undefined) return undefined;
  const file = text.startsWith("@") ? text.slice(1) : undefined;
  const json = file === undefined ? text : readGiven("--params", resolve(cwd, file), file);
  const where = file === undefined ? "--params" : `--params: ${file}`;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new FreshetError(
      "USAGE",
      `${where} is not JSON: ${said}; expected an object such as '{"limit": 10}', or @file.json`,
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  const what = Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`;
  throw new FreshetError("USAGE", `${where} is ${what}; expected an object with a member for each param`);
}

function readGiven(option: string, path: string, shown: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code ?? String(error)})`;
    throw new FreshetError("USAGE", `${option} names the file '${shown}', which ${why}`);
  }
}
