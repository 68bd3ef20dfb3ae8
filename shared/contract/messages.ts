/**
 * What travels through queues and the bus, versioned. Whoever takes a message in parses it here; the types that the engine
 * uses live in the core, and `satisfies` keeps the two the same.
 */
import * as z from "zod/mini";
import type {
  ArrivedObject,
  Completion,
  Dispatch,
  MapItem,
  MappedFacts,
  Outcome,
  UpstreamOutput,
} from "../core/attempt.ts";
import { FreshetError, assertNever } from "../core/errors.ts";
import type { RunEvent } from "../core/events.ts";
import {
  backfillId,
  dagId,
  poolId,
  runId,
  taskId,
  versionHash,
  type AttemptKey,
  type BackfillId,
  type DagId,
  type PoolId,
  type RunId,
} from "../core/ids.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import type { PoolEvent } from "../core/pool/record.ts";
import { RUN_TYPES } from "../core/states.ts";
import { instant, type Instant } from "../core/time.ts";
import { said } from "./said.ts";

const json: z.ZodMiniType<JsonValue> = z.json();
const jsonObject: z.ZodMiniType<JsonObject> = z.record(z.string(), json);
/** An id of the grammar; one outside it is a fault of the message, not an exception. */
const id = <Id>(make: (value: string) => Id): z.ZodMiniType<Id, string> =>
  z.pipe(
    z.string(),
    z.transform((value, context) => {
      try {
        return make(value);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        context.issues.push({ code: "custom", message, input: value });
        return z.NEVER;
      }
    }),
  );
const at: z.ZodMiniType<Instant, number> = z.pipe(z.number(), z.transform(instant));
/** A whole number that is no less. */
const atLeast = (least: number): z.ZodMiniType<number> => z.int().check(z.minimum(least));

const attemptKey = z.object({
  runId: id(runId),
  // Hooks are task instances too, named after what they follow: `extract$onFailure`.
  taskId: z.pipe(
    z.string().check(z.minLength(1)),
    z.transform((value) => (value.includes("$") ? (value as AttemptKey["taskId"]) : taskId(value))),
  ),
  mapIndex: atLeast(-1),
  attempt: atLeast(1),
}) satisfies z.ZodMiniType<AttemptKey>;

const outputRef = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("none") }),
  z.object({ kind: z.literal("inline"), value: json }),
  z.object({ kind: z.literal("blob"), key: z.string(), bytes: z.int(), sha256: z.string() }),
  z.object({
    kind: z.literal("list"),
    key: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    length: atLeast(0),
  }),
]);

const mappedFacts = z.object({
  length: z.exactOptional(atLeast(0)),
  faults: z.exactOptional(z.record(z.string(), z.string())),
}) satisfies z.ZodMiniType<MappedFacts>;

const upstreamOutput = z.object({
  taskId: id(taskId),
  attempt: atLeast(0),
  instances: z.exactOptional(
    z.array(z.object({ runId: id(runId), first: atLeast(0), length: atLeast(1), attempts: z.array(atLeast(0)) })),
  ),
}) satisfies z.ZodMiniType<UpstreamOutput>;

const mapItem = z.object({
  over: id(taskId),
  attempt: atLeast(0),
  length: atLeast(1),
  value: z.exactOptional(json),
  list: z.exactOptional(outputRef),
}) satisfies z.ZodMiniType<MapItem>;

const taskError = z.object({
  name: z.string(),
  message: z.string(),
  class: z.enum(["transient", "permanent", "quarantine", "timeout", "lost"]),
  stack: z.exactOptional(z.string()),
  retry: z.exactOptional(z.boolean()),
});

const outcomeSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("success"),
    output: outputRef,
    chosen: z.exactOptional(z.readonly(z.array(z.string()))),
    proceed: z.exactOptional(z.boolean()),
    mapped: z.exactOptional(mappedFacts),
    child: z.exactOptional(z.object({ params: jsonObject })),
  }),
  z.object({ kind: z.literal("skipped"), reason: z.string() }),
  z.object({ kind: z.literal("failed"), error: taskError }),
]) satisfies z.ZodMiniType<Outcome>;

const arrivedObject = z.object({
  bucket: z.string(),
  key: z.string(),
  size: z.number(),
  etag: z.string(),
  version: z.string(),
  arrivedAt: z.string(),
}) satisfies z.ZodMiniType<ArrivedObject>;

const files = z.union([z.array(arrivedObject), z.object({ blob: z.string() })]);

const dispatchSchema = z.object({
  v: z.literal(1),
  key: attemptKey,
  run: z.object({
    runId: id(runId),
    dagId: id(dagId),
    version: id(versionHash),
    bundle: z.string(),
    runType: z.enum(RUN_TYPES),
    epoch: z.int(),
    timezone: z.string(),
    logicalDate: z.nullable(z.string()),
    dataInterval: z.nullable(z.object({ start: z.string(), end: z.string() })),
    params: jsonObject,
    files,
  }),
  token: z.string(),
  carried: z.record(z.string(), outputRef),
  upstream: z.array(upstreamOutput),
  mappedBy: z.exactOptional(z.array(id(taskId))),
  item: z.exactOptional(mapItem),
  timeoutMs: z.number(),
  childId: z.exactOptional(id(runId)),
  subject: z.exactOptional(
    z.object({
      hook: z.enum(["onSuccess", "onFailure", "onRetry"]),
      taskId: z.nullable(id(taskId)),
      attempt: z.int(),
      owner: z.nullable(z.string()),
      runbook: z.nullable(z.string()),
      failed: z.array(z.object({ taskId: id(taskId), cause: z.string() })),
    }),
  ),
  sentAt: at,
}) satisfies z.ZodMiniType<Dispatch>;

const completion = z.object({
  type: z.literal("completed"),
  v: z.literal(1),
  key: attemptKey,
  epoch: z.int(),
  token: z.string(),
  outcome: outcomeSchema,
}) satisfies z.ZodMiniType<Completion>;

/** `all`: look also at what is not due, since what was on its way is known to be lost. */
const wake = z.object({ v: z.literal(1), all: z.exactOptional(z.boolean()), tries: z.exactOptional(z.int()) });
/** `tell`: a receiver of its effects was contended; what nobody has acknowledged is told again. `attempt`: look at this one. */
const wakeRun = z.extend(wake, {
  type: z.literal("wake_run"),
  runId: id(runId),
  tell: z.exactOptional(z.boolean()),
  attempt: z.exactOptional(attemptKey),
}) satisfies z.ZodMiniType<Pick<Extract<RunEvent, { type: "wake" }>, "all" | "tell" | "attempt">>;

/** `tell`: a run that it told of its grant was contended. */
const wakePool = z.extend(wake, {
  type: z.literal("wake_pool"),
  poolId: id(poolId),
  tell: z.exactOptional(z.boolean()),
}) satisfies z.ZodMiniType<Pick<Extract<PoolEvent, { type: "wake" }>, "all" | "tell">>;

/** What the run-event queue carries. `tries`: how often it was sent again because its record was contended. */
export const runMessageSchema = z.discriminatedUnion("type", [
  z.extend(completion, { tries: z.exactOptional(z.int()) }),
  wakeRun,
  z.extend(wake, { type: z.literal("wake_dag"), dagId: id(dagId) }),
  wakePool,
  z.extend(wake, { type: z.literal("wake_backfill"), backfillId: id(backfillId) }),
  z.object({
    type: z.literal("object_created"),
    v: z.literal(1),
    object: arrivedObject,
    tries: z.exactOptional(z.int()),
  }),
]);
export type RunMessage = z.infer<typeof runMessageSchema>;

/** A wake of one record, by what a timer or the due index knows of it. */
export function wakeMessage(record: WakeTarget, more: { readonly all?: true } = {}): RunMessage {
  switch (record.kind) {
    case "run":
      return { type: "wake_run", v: 1, runId: record.id, ...more };
    case "dag":
      return { type: "wake_dag", v: 1, dagId: record.id, ...more };
    case "pool":
      return { type: "wake_pool", v: 1, poolId: record.id, ...more };
    case "backfill":
      return { type: "wake_backfill", v: 1, backfillId: record.id, ...more };
    default:
      return assertNever(record);
  }
}
type WakeTarget =
  | { readonly kind: "run"; readonly id: RunId }
  | { readonly kind: "dag"; readonly id: DagId }
  | { readonly kind: "pool"; readonly id: PoolId }
  | { readonly kind: "backfill"; readonly id: BackfillId };

/** Throws INVALID_MESSAGE, which says what is wrong with it; such a message is set aside, not tried again. */
export const parseRunMessage = (body: string): RunMessage => parseBody(runMessageSchema, "run message", body);
export const parseDispatch = (body: string): Dispatch => parseBody(dispatchSchema, "dispatch", body);

function parseBody<T>(schema: z.ZodMiniType<T>, what: string, body: string): T {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new FreshetError("INVALID_MESSAGE", `a ${what} is not JSON: ${body.slice(0, 100)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FreshetError("INVALID_MESSAGE", `a ${what} is not as agreed: ${said(parsed.error)}`);
}
