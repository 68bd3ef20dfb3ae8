import type { ArrivedObject, Dispatch, Outcome, RunContext, TaskError } from "../../shared/core/attempt.ts";
import type { Arrival } from "../../shared/core/dag/record.ts";
import { type AttemptKey, UNMAPPED, dagId, runId, taskId, triggerId } from "../../shared/core/ids.ts";
import type { JsonValue } from "../../shared/core/json.ts";
import { iso } from "../../shared/core/time.ts";
import { aVersionHash } from "./run.ts";
import { HOUR_MS, NOON } from "./times.ts";

/** Without overrides: the first attempt of `extract` in `orders.run-1`. */
export const anAttemptKey = (overrides: Partial<AttemptKey> = {}): AttemptKey => ({
  runId: runId("orders.run-1"),
  taskId: taskId("extract"),
  mapIndex: UNMAPPED,
  attempt: 1,
  ...overrides,
});

export const aSuccess = (value?: JsonValue): Outcome => ({
  kind: "success",
  output: value === undefined ? { kind: "none" } : { kind: "inline", value },
});

export const aFailure = (overrides: Partial<TaskError> = {}): Outcome => ({
  kind: "failed",
  error: { name: "Error", message: "the warehouse did not answer", class: "transient", ...overrides },
});

export const aRunContext = (overrides: Partial<RunContext> = {}): RunContext => ({
  runId: runId("orders.run-1"),
  dagId: dagId("orders"),
  version: aVersionHash(),
  bundle: "b".repeat(64),
  timezone: "UTC",
  runType: "manual",
  epoch: 1,
  logicalDate: null,
  dataInterval: null,
  params: {},
  files: [],
  ...overrides,
});

export const aDispatch = (overrides: Partial<Dispatch> = {}): Dispatch => ({
  v: 1,
  key: anAttemptKey(),
  run: aRunContext(),
  token: "token-1",
  carried: {},
  upstream: [],
  timeoutMs: HOUR_MS,
  sentAt: NOON,
  ...overrides,
});

export const anArrivedObject = (overrides: Partial<ArrivedObject> = {}): ArrivedObject => ({
  bucket: "data-lake",
  key: "raw/orders/2026-03-02.csv",
  size: 42,
  etag: "etag-1",
  version: "v1",
  arrivedAt: iso(NOON),
  ...overrides,
});

/** An arrival in the inbox of trigger `files` of `orders`; `object` overrides parts of its object. */
export const anArrival = ({
  object = {},
  ...overrides
}: Partial<Omit<Arrival, "object">> & { readonly object?: Partial<ArrivedObject> } = {}): Arrival => ({
  triggerId: triggerId("files"),
  dagId: dagId("orders"),
  object: anArrivedObject(object),
  at: NOON,
  ...overrides,
});
