/** Trouble that passes (throttles, timeouts, lost connections, faults of the service) as the ports name it: UNAVAILABLE. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { FreshetError } from "../../core/errors.ts";

/** Any client of the SDK: their middleware stacks differ only in the types of what passes through. */
interface Client {
  readonly middlewareStack: { readonly add: unknown };
}

/** What the services call being asked too much. */
const THROTTLES: ReadonlySet<string> = new Set([
  "LimitExceededException",
  "OverLimit",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  // Somebody else has a transaction under way on the item, which is over in a moment.
  "TransactionConflictException",
  "TransactionInProgressException",
]);
/** What a service answers to a request that was fine. */
const SERVER_FAULT_STATUS = 500;
const TOO_MANY_REQUESTS_STATUS = 429;

/**
 * From now on a call that has failed in all of its tries for a passing reason rejects with FreshetError UNAVAILABLE: its
 * message is then redelivered, while any other error would set the record aside as one that cannot be decided.
 */
export function namePassingFaults(client: Client): void {
  const stack = client.middlewareStack as DynamoDBClient["middlewareStack"];
  stack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (!isPassing(error)) throw error;
        const call = (context["commandName"] ?? "a call").replace(/Command$/, "");
        const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        throw new FreshetError("UNAVAILABLE", `${call} failed in all of its tries (${reason}); try again later`, {
          cause: error,
        });
      }
    },
    // Outside of the retries, and of everything else.
    { step: "initialize", priority: "high", name: "freshetPassingFaults", override: true },
  );
}

interface ServiceError {
  readonly name?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly code?: unknown;
}

function isPassing(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { name, $fault, $metadata, code } = error as ServiceError;
  if (typeof name === "string" && THROTTLES.has(name)) return true;
  const status = $metadata?.httpStatusCode ?? 0;
  if (status >= SERVER_FAULT_STATUS || status === TOO_MANY_REQUESTS_STATUS) return true;
  // A service that answered with anything else meant it.
  if ($fault !== undefined || status !== 0) return false;
  return name === "TimeoutError" || name === "RequestTimeout" || name === "AbortError" || isNetworkCode(code);
}

/** `ECONNRESET`, `EAI_AGAIN`, `ETIMEDOUT` ...: Node's names of what happens to connections. */
const isNetworkCode = (code: unknown): boolean =>
  typeof code === "string" && (/^E[A-Z_]+$/.test(code) || code.startsWith("UND_ERR_")) && !code.startsWith("ERR_");
