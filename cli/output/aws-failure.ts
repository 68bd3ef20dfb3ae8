/** What AWS refuses, in our words: what was asked for, and what to do. */
const NO_CREDENTIALS = new Set(["CredentialsProviderError", "TokenProviderError"]);
const BAD_CREDENTIALS = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "UnrecognizedClientException",
]);
const DENIED = new Set(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"]);

interface Refusal {
  readonly code: "NOT_PERMITTED";
  readonly message: string;
  readonly help: string;
  readonly problems: readonly [];
}

/** Undefined for what AWS has not said. */
export function awsFailure(error: unknown): Refusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message } = error;
  if (NO_CREDENTIALS.has(name)) {
    return refusal("there are no AWS credentials", "run `aws configure`, or set AWS_PROFILE");
  }
  if (BAD_CREDENTIALS.has(name)) {
    return refusal(`AWS does not take these credentials: ${message}`, "renew them: `aws sso login`");
  }
  if (!DENIED.has(name)) return undefined;
  // AWS names the action and the resource itself: `... is not authorized to perform: dynamodb:GetItem on resource: ...`.
  const [, action] = /not authorized to perform: (\S+)/.exec(message) ?? [];
  const help = action === undefined ? "ask for it" : `ask for the permission ${action}`;
  return refusal(`AWS does not allow it: ${message}`, help);
}

const refusal = (message: string, help: string): Refusal => ({ code: "NOT_PERMITTED", message, help, problems: [] });
