/** What a DAG says about its runs as a whole: whether missed ones are made up for, and what becomes of those that overlap. */
import type { CatchupSpec, Manifest, OverlapPolicy } from "../../core/manifest.ts";
import { OVERLAP_POLICIES } from "../../core/manifest.ts";
import { isRecord } from "../definition.ts";
import { duration, flag, group, oneOf, type Option, type Read } from "./option.ts";
import type { Reporter } from "./report.ts";

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

export const POLICY_OPTIONS = { catchup, overlap: oneOf(OVERLAP_POLICIES) } as const;

export function policiesOf(
  options: Read<typeof POLICY_OPTIONS>,
  report: Reporter,
): Pick<Manifest, "catchup" | "overlap"> {
  const made = options.catchup || null;
  const overlap: OverlapPolicy = options.overlap ?? (made === null ? "latest" : "queue");
  if (made !== null && overlap !== "queue") {
    const text = `overlap is "${overlap}", which passes firings over, and catchup makes up for each of them`;
    report("DAG005", text, { help: 'leave out one of them, or write `overlap: "queue"`' });
  }
  return { catchup: made, overlap };
}
