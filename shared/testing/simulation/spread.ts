/** Lengths of time that are not always the same: `5m`, `5m±2m`. */
import { parseDuration } from "../../core/time.ts";
import type { Random } from "../../simulated/random.ts";

export interface Spread {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Also with `+-`, for keyboards without the sign. Undefined for anything else, and where it could be below zero. */
export function parseSpread(text: unknown): Spread | undefined {
  if (typeof text !== "string") return undefined;
  const [middle = "", width, ...rest] = text.split(/±|\+-|\+\/-/);
  const middleMs = parseDuration(middle.trim());
  const widthMs = width === undefined ? 0 : parseDuration(width.trim());
  if (middleMs === undefined || widthMs === undefined || rest.length > 0 || widthMs > middleMs) return undefined;
  return { minMs: middleMs - widthMs, maxMs: middleMs + widthMs };
}

export const SPREAD_EXPECTED = 'expected a duration such as "5m" or "5m±2m"';

/** Any length in it is as likely as any other. */
export const drawMs = ({ minMs, maxMs }: Spread, random: Random): number => random.integer(minMs, maxMs);
