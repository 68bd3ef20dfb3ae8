/** Tells ECS that this container has work, so that it is not the one that goes when there are more than needed. */

/** It is renewed before it is over. */
const EXPIRES_MINUTES = 120;
const RENEW_MS = 60 * 60_000;
const ANSWER_MS_MAX = 5_000;

export interface TaskProtection {
  readonly set: (busy: boolean) => Promise<void>;
  readonly close: () => void;
}

/** `agentUri`: ECS_AGENT_URI, as ECS gives it to containers; without it there is nobody to tell. */
export function createTaskProtection(
  agentUri: string | undefined,
  onFault: (what: string, error: unknown) => void,
): TaskProtection {
  if (agentUri === undefined || agentUri === "") return { set: async () => undefined, close: () => undefined };
  let busy = false;
  // Without it a container that works may be told to stop; it then hands back what it has.
  const tell = (): Promise<void> =>
    put(agentUri, busy).catch((error: unknown) => onFault("ECS did not take the protection of this container", error));
  const renewing = setInterval(() => void (busy && tell()), RENEW_MS);
  renewing.unref();
  return {
    async set(next) {
      if (next === busy) return;
      busy = next;
      await tell();
    },
    close: () => clearInterval(renewing),
  };
}

async function put(agentUri: string, busy: boolean): Promise<void> {
  const response = await fetch(`${agentUri}/task-protection/v1/state`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ProtectionEnabled: busy, ...(busy ? { ExpiresInMinutes: EXPIRES_MINUTES } : {}) }),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const said = await response.text();
  if (!response.ok || said.includes('"failure"')) throw new Error(`${response.status}: ${said.slice(0, 500)}`);
}
