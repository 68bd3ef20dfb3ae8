import type { Run } from "../run.ts";
import type { BackfillEvent } from "./record.ts";

/** How a run ended, as its backfill counts it. */
export function endOf({
  state,
  startedAt,
  endedAt,
}: Run): Pick<Extract<BackfillEvent, { type: "run_finished" }>, "state" | "tookMs"> {
  const ended = state === "success" || state === "failed" ? state : "cancelled";
  return { state: ended, tookMs: startedAt === null || endedAt === null ? 0 : endedAt - startedAt };
}
