/** `npm run localstack:down`: ends what `localstack:up` has started, and nothing else. */
import { stopEndpoint } from "./lib/endpoint.ts";
import { readState, removeState } from "./lib/state.ts";

const endpoint = readState();
if (endpoint === undefined) console.log("nothing was started by `npm run localstack:up`");
else {
  await stopEndpoint(endpoint);
  removeState();
}
