/** CloudFormation's custom resources: whatever happens, CloudFormation is answered, or it would wait for an hour. */

/** As much of CloudFormation's request as is needed. */
export interface ResourceRequest {
  readonly RequestType: "Create" | "Update" | "Delete";
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, unknown>>;
}

/** CloudFormation takes 4 KB in all. */
const REASON_LENGTH_MAX = 1_000;
const ANSWER_TIMEOUT_MS = 10_000;
const ANSWER_TRIES_MAX = 3;

/** Does what is asked for, and tells CloudFormation how it went; `act` returns what other resources may refer to. */
export async function answerRequest(
  request: ResourceRequest,
  act: () => Promise<Readonly<Record<string, string>>>,
): Promise<"SUCCESS" | "FAILED"> {
  try {
    await answer(request, { Status: "SUCCESS", Data: await act() });
    return "SUCCESS";
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await answer(request, { Status: "FAILED", Reason: message.slice(0, REASON_LENGTH_MAX) });
    return "FAILED";
  }
}

async function answer(request: ResourceRequest, result: Readonly<Record<string, unknown>>): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId, ResponseURL } = request;
  const body = JSON.stringify({
    ...result,
    StackId,
    RequestId,
    LogicalResourceId,
    PhysicalResourceId: PhysicalResourceId ?? LogicalResourceId,
  });
  for (let tries = 1; ; tries++) {
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      // A presigned address: a content type would be part of what was signed.
      const response = await fetch(ResponseURL, { method: "PUT", body, headers: { "content-type": "" }, signal });
      if (response.ok) return;
      throw new Error(`CloudFormation did not take the answer: ${response.status}`);
    } catch (error) {
      if (tries === ANSWER_TRIES_MAX) throw error;
    }
  }
}
