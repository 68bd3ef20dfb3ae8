/** A summary as people read it. */
import { execFileSync } from "node:child_process";
import { CHECKERS } from "./checkers/index.ts";
import { FAULTS } from "./faults.ts";
import { quantile, type Failure, type Summary } from "./summary.ts";

const MEASURES = ["dags", "runs", "instances", "commits", "codeStarts", "faults", "steps"] as const;

/** Seeds a second, and how large the worlds were. */
export function distributionText(summary: Summary, seconds: number): string {
  const rows = MEASURES.map((name) => {
    const at = (share: number): string => String(quantile(summary.stats, name, share)).padStart(8);
    return `  ${name.padEnd(11)}${at(0)}${at(0.5)}${at(0.9)}${at(1)}`;
  });
  const rate = (summary.seeds / seconds).toFixed(1);
  return [
    `${summary.seeds} seeds in ${seconds.toFixed(1)} s: ${rate} a second`,
    "  of a world      min  median     p90     max",
    ...rows,
  ].join("\n");
}

/** How often each promise was put to the test, and each fault happened. */
export function exercisedText({ checked, faults, crashPoints }: Summary): string {
  const line = (name: string, count: number | undefined): string => `  ${String(count ?? 0).padStart(10)}  ${name}`;
  return [
    "checked:",
    ...CHECKERS.map(({ promise, says }) => line(`${promise} ${says}`, checked[says])),
    "faults:",
    ...FAULTS.map((name) => line(name, faults[name])),
    "died at:",
    ...Object.keys(crashPoints)
      .toSorted()
      .map((name) => line(name, crashPoints[name])),
  ].join("\n");
}

const replayCommand = (seed: number): string => `npm run simulate -- --seed ${seed}`;

export const failureText = (failure: Failure): string =>
  [`seed ${failure.seed} breaks ${failure.promise}: ${failure.says}`, ...placeLines(failure)].join("\n");

/** What broke, each way of it once, by how many seeds saw it: the first of them, and how to replay that. */
export function failuresText(failures: readonly Failure[], seeds: number): string {
  const ways = [...Map.groupBy(failures, ({ promise, says }) => `${promise}: ${says}`)];
  const parts = ways
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([way, same]) => {
      const [first, ...others] = same.toSorted((a, b) => a.seed - b.seed);
      const count = others.length === 0 ? "1 seed" : `${same.length} seeds`;
      return first === undefined ? way : [`${way} (${count})`, ...placeLines(first)].join("\n");
    });
  return [`${failures.length} of ${seeds} seeds break a promise.`, ...parts].join("\n\n");
}

const placeLines = ({ seed, text }: Failure): readonly string[] => [
  `  ${text}`,
  `  at commit ${commitHash()}; replay it with: ${replayCommand(seed)}`,
];

function commitHash(): string {
  try {
    const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? ", with changes" : ""}`;
  } catch {
    return "unknown";
  }
}
