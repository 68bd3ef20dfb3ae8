/** The limits that we want of the SDK's clients: their own defaults wait for ever. */

const CONNECTION_TIMEOUT_MS = 1_000;
/** From the first byte of a request to the head of its response. DynamoDB, SQS and EventBridge answer within tens of ms. */
const REQUEST_TIMEOUT_MS = 3_000;
/** An object's part of 16 MB goes up within one request. */
const OBJECT_REQUEST_TIMEOUT_MS = 60_000;
/** A connection that says nothing for so long in the middle of a body is dead. */
const OBJECT_SOCKET_TIMEOUT_MS = 30_000;
/** Tries of one call, the first included; the SDK backs off with jitter between them. */
const TRIES_MAX = 4;
/** Connections of one client; further calls wait for one, and their timeout runs meanwhile. */
const SOCKETS_MAX = 64;

export interface ClientSettings {
  readonly region: string;
  /** Of an emulator. S3 then takes the bucket as part of the path. */
  readonly endpoint?: string;
  /** An emulator on a busy machine needs more than AWS does. */
  readonly timeouts?: { readonly connectionMs: number; readonly requestMs: number };
  /** The SDK's own chain (role, environment, profile) if absent. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/**
 * Of a service that answers within tens of ms. The middleware that copies Lambda's trace header onto requests stays: AWS stops
 * loops by it, and what we let pass is declared on the functions, where an operator sees it.
 */
export function quickOptions({ timeouts, ...settings }: ClientSettings) {
  const requestMs = timeouts?.requestMs ?? REQUEST_TIMEOUT_MS;
  return { ...settings, ...RETRIES, requestHandler: handlerOf(connectionMs(timeouts), requestMs, requestMs) };
}

/** Of S3. */
export function objectOptions({ timeouts, ...settings }: ClientSettings) {
  return {
    ...settings,
    ...RETRIES,
    requestHandler: handlerOf(connectionMs(timeouts), OBJECT_REQUEST_TIMEOUT_MS, OBJECT_SOCKET_TIMEOUT_MS),
    forcePathStyle: settings.endpoint !== undefined,
  };
}

const RETRIES = { retryMode: "standard", maxAttempts: TRIES_MAX } as const;

const connectionMs = (timeouts: ClientSettings["timeouts"]): number => timeouts?.connectionMs ?? CONNECTION_TIMEOUT_MS;

function handlerOf(connectionTimeout: number, requestTimeout: number, socketTimeout: number) {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  return {
    connectionTimeout,
    requestTimeout,
    socketTimeout,
    throwOnRequestTimeout: true, // Otherwise it only warns.
    httpAgent: agent,
    httpsAgent: agent,
  };
}
