/** What a DAG says about its runs as a whole: whether missed ones are made up for, and what becomes of those that overlap. */
import type { AllowedHours, CatchupSpec, Manifest, OverlapPolicy } from "../../core/manifest.ts";
import { OVERLAP_POLICIES } from "../../core/manifest.ts";
import { isRecord } from "../definition.ts";
import { duration, flag, group, oneOf, whole, type Option, type Read } from "./option.ts";
import { shown, type Reporter } from "./report.ts";

const DAY_MS = 86_400_000;
const CATCHUP_WINDOW_MS_DEFAULT = 365 * DAY_MS;
const CATCHUP_WINDOW_MS_MIN = 10_000;

const window = group({ window: duration(CATCHUP_WINDOW_MS_MIN) });

const catchup: Option<CatchupSpec | false> = (given, name, report) => {
  const windowMs = isRecord(given)
    ? window(given, name, report)?.window
    : flag(given, name, report) && CATCHUP_WINDOW_MS_DEFAULT;
  return windowMs === undefined ? undefined : windowMs !== false && { windowMs };
};

/** Minutes after midnight. */
const timeOfDay: Option<number> = (given, name, report) => {
  const [, hour, minute] = (typeof given === "string" && /^([01]\d|2[0-4]):([0-5]\d)$/.exec(given)) || [];
  const minutes = Number(hour) * 60 + Number(minute);
  if (minutes <= 1_440) return minutes;
  report("DAG005", `${name} is ${shown(given)}, expected a time such as "22:00"`);
  return undefined;
};

const hours = group({ from: timeOfDay, to: timeOfDay });

export const allowedHours: Option<AllowedHours> = (given, name, report) => {
  const { from, to } = hours(given, name, report) ?? {};
  if (from !== undefined && to !== undefined && from !== to && from < 1_440) return { from, to: to % 1_440 };
  if (isRecord(given) && (from === to || from === 1_440))
    report("DAG005", `${name} is ${shown(given)}, expected two times of day: { from: "22:00", to: "06:00" }`);
  return undefined;
};

const FAILURES_MAX = 1_000;

export const POLICY_OPTIONS = {
  catchup,
  overlap: oneOf(OVERLAP_POLICIES),
  pauseAfterFailures: whole(1, FAILURES_MAX),
  startWithin: duration(),
  allowedHours,
} as const;

export function policiesOf(
  options: Read<typeof POLICY_OPTIONS>,
  report: Reporter,
): Pick<Manifest, "catchup" | "overlap" | "pauseAfterFailures" | "startWithinMs" | "allowedHours"> {
  const made = options.catchup || null;
  const overlap: OverlapPolicy = options.overlap ?? (made === null ? "latest" : "queue");
  if (made !== null && overlap !== "queue") {
    const text = `overlap is "${overlap}", which passes firings over, and catchup makes up for each of them`;
    report("DAG005", text, { help: 'leave out one of them, or write `overlap: "queue"`' });
  }
  return {
    catchup: made,
    overlap,
    pauseAfterFailures: options.pauseAfterFailures ?? null,
    startWithinMs: options.startWithin ?? null,
    allowedHours: options.allowedHours ?? null,
  };
}
