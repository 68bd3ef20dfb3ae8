import { instant } from "../../shared/core/time.ts";

/** 2026-03-02T12:00:00Z, a Monday: the present hour of most tests. */
export const NOON = instant(Date.UTC(2026, 2, 2, 12));
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
