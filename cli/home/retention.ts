/** Lets a home forget: a while after the start, and every hour. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { FreshetError } from "../../shared/core/errors.ts";
import { durationText, parseDuration, plus } from "../../shared/core/time.ts";
import { createRetention, type Forgotten } from "../../shared/embedded/retention.ts";
import { versionThere } from "../../shared/embedded/files/watch-bucket.ts";
import type { Clock } from "../../shared/ports/clock.ts";
import { STAGING_BUCKET } from "./paths.ts";
import type { Stores } from "./stores.ts";

const DAY_MS = 86_400_000;
/** How long what has ended is kept, unless somebody says otherwise ... */
export const KEEP_MS_DEFAULT = 90 * DAY_MS;
/** ... which is at least this long: what has just ended is looked at, and cleared. */
const KEEP_MS_MIN = DAY_MS;
/** The first pass leaves a start to what is due. */
const FIRST_AFTER_MS = 10_000;
const EVERY_MS = 3_600_000;

/** `90d`, or `all`. Throws USAGE. */
export function keepOf(text: string | undefined): number | "all" {
  if (text === undefined) return KEEP_MS_DEFAULT;
  if (text === "all") return "all";
  const keepMs = parseDuration(text);
  if (keepMs !== undefined && keepMs >= KEEP_MS_MIN) return keepMs;
  const least = durationText(KEEP_MS_MIN);
  throw new FreshetError("USAGE", `--keep is '${text}'; expected a duration such as 90d, at least ${least}, or all`);
}

export interface RetentionOptions {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly keepMs: number;
  readonly onForgotten: (forgotten: Forgotten) => void;
  readonly onFault: (error: unknown) => void;
  readonly firstAfterMs?: number;
}

/** Stops with the function that it returns, which resolves once no pass is at work. */
export function startRetention(options: RetentionOptions): () => Promise<void> {
  const { stores, clock, keepMs, onForgotten, onFault, firstAfterMs = FIRST_AFTER_MS } = options;
  const { database, writer, dags, home } = stores;
  const retention = createRetention({
    database,
    writer,
    dags,
    versionThere: (bucket, key) => versionThere(home.buckets, bucket, key),
    folders: [home.logs, join(home.path, "blobs/data/runs"), join(home.buckets, STAGING_BUCKET, "staging")],
  });
  const stop = new AbortController();
  const passes = async (): Promise<void> => {
    for (let waitMs = firstAfterMs; ; waitMs = EVERY_MS) {
      await delay(waitMs, undefined, { signal: stop.signal, ref: false });
      await retention.forget(plus(clock.now(), -keepMs), stop.signal).then(onForgotten, onFault);
    }
  };
  const ended = passes().catch(() => undefined); // Only by the signal.
  return async () => {
    stop.abort();
    await ended;
  };
}
