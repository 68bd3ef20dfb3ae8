/** `npm run localstack:up`: an endpoint that stands in for AWS, on this machine. */
import { bootstrap, endpointEnvironment } from "./lib/deploy.ts";
import { isRunning, startEndpoint } from "./lib/endpoint.ts";
import { portOf, readState, writeState } from "./lib/state.ts";

try {
  const port = portOf(process.env);
  const before = readState();
  if (before !== undefined && (await isRunning(before))) {
    throw new Error(`an endpoint is up already, at ${before.url}: \`npm run localstack:down\` ends it`);
  }
  const endpoint = await startEndpoint({ port });
  writeState(endpoint);
  await bootstrap(endpoint);
  console.log(`MiniStack listens on ${endpoint.url}; its log is ${endpoint.logFile}. For the clients of AWS:\n`);
  for (const [name, value] of Object.entries(endpointEnvironment(endpoint.url))) console.log(`export ${name}=${value}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
