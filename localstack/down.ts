/** `npm run localstack:down`: ends what `localstack:up` has started, and nothing else. */
import { isRunning, stopEndpoint } from "./lib/endpoint.ts";
import { readState, removeState } from "./lib/state.ts";

const endpoint = readState();
if (endpoint === undefined) console.log("nothing was started by `npm run localstack:up`");
else {
  if (await isRunning(endpoint)) await stopEndpoint(endpoint);
  else console.log(`what \`npm run localstack:up\` has started at ${endpoint.url} had ended already`);
  removeState();
}
