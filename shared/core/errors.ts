import type { Problem } from "./problem.ts";

/** Every fault that Freshet names, and whether doing the same again later may succeed. */
const RETRYABLE = {
  USAGE: false,
  INVALID_DAG: false,
  INVALID_PARAMS: false,
  ENVIRONMENT_NOT_FOUND: false,
  ACCOUNT_UNFIT: false,
  DAG_NOT_FOUND: false,
  RUN_NOT_FOUND: false,
  BACKFILL_NOT_FOUND: false,
  BACKFILL_REFUSED: false,
  TASK_NOT_FOUND: false,
  POOL_NOT_FOUND: false,
  ATTEMPT_NOT_FOUND: false,
  VERSION_NOT_FOUND: false,
  BUNDLE_NOT_FOUND: false,
  BUNDLE_DAMAGED: false,
  OBJECT_NOT_FOUND: false,
  OBJECT_EXISTS: false,
  OBJECT_CHANGED: true,
  INVALID_KEY: false,
  INVALID_MESSAGE: false,
  INVALID_BRANCH: false,
  OUTPUT_TOO_LARGE: false,
  OUTPUT_NOT_JSON: false,
  PAYLOAD_TOO_LARGE: false,
  RECORD_TOO_LARGE: false,
  RECORD_NEWER: false,
  RECORD_DAMAGED: false,
  RUN_ENDED: false,
  RUN_ENDING: false,
  RUN_IN_FLIGHT: false,
  NOTHING_TO_DO: false,
  RUN_EXISTS: false,
  HOME_LOCKED: false,
  HOME_UNUSABLE: false,
  STATE_DAMAGED: false,
  STATE_NEWER: false,
  STATE_READ_ONLY: false,
  DISK_FULL: true,
  CONTENTION: true,
  UNAVAILABLE: true,
  LOAD_FAILED: false,
  LOAD_TIMEOUT: false,
} as const satisfies Record<string, boolean>;

export type ErrorCode = keyof typeof RETRYABLE;

/** A fault with a stable code. The message stands alone: what was given, what was expected, how to mend it. */
export class FreshetError extends Error {
  override readonly name = "FreshetError";
  readonly code: ErrorCode;
  /** Everything that is wrong, when there is more than one thing to say. */
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; problems?: readonly Problem[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.problems = options.problems ?? [];
  }

  get retryable(): boolean {
    return RETRYABLE[this.code];
  }
}

export function assertNever(value: never): never {
  throw new TypeError(`unexpected value ${JSON.stringify(value)}`);
}
