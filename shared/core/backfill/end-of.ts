import type { Run, RunEffect } from "../run.ts";
import type { BackfillEvent } from "./record.ts";

type End = Pick<Extract<BackfillEvent, { type: "run_finished" }>, "state" | "tookMs">;

/** How a run ended, as its backfill counts it. */
export function endOf({ state, startedAt, endedAt }: Run): End {
  return asEnd(state, startedAt === null || endedAt === null ? 0 : endedAt - startedAt);
}

/** The same of what it tells: it may have been cleared since. */
export const toldEnd = ({ state, tookMs }: Extract<RunEffect, { kind: "run_finished" }>): End => asEnd(state, tookMs);

const asEnd = (state: Run["state"], tookMs: number): End => ({
  state: state === "success" || state === "failed" ? state : "cancelled",
  tookMs,
});
