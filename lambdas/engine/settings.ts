import type { ClientSettings } from "../../shared/aws/clients/client-options.ts";

/** Region, and endpoint if it is an emulator's, as Lambda and the emulator say them. */
export function settingsOf(env: NodeJS.ProcessEnv): ClientSettings {
  const endpoint = env["AWS_ENDPOINT_URL"];
  return { region: env["AWS_REGION"] ?? "", ...(endpoint === undefined ? {} : { endpoint }) };
}
