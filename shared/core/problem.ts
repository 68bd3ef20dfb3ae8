/** What is wrong with something that a person wrote, where, and how to mend it. */
export interface Problem {
  /** Stable: `DAG003`, `SCH001`. Listed in docs/errors.md. */
  readonly code: string;
  readonly level: "error" | "warning";
  /** Stands alone: names the DAG and the task, what was given and what was expected. */
  readonly message: string;
  readonly at?: SourcePlace;
  /** Other places that matter: the first of two duplicates. */
  readonly labels?: readonly { readonly at: SourcePlace; readonly text: string }[];
  readonly help?: string;
}

export interface SourcePlace {
  /** Path as the person would type it, relative to where they are. */
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/** The nearest of `known` to `given`, if it is near enough to be a slip of the finger. */
export function nearest(given: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `; did you mean 'extract'?`, or nothing. */
export function didYouMean(given: string, known: Iterable<string>): string {
  const name = nearest(given, known);
  return name === undefined ? "" : `; did you mean '${name}'?`;
}

/** Levenshtein's distance, given up (as `limit`) once it cannot be below `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution));
    }
    if (Math.min(...row) >= limit) return limit;
    previous = row;
  }
  return previous[b.length] ?? limit;
}
