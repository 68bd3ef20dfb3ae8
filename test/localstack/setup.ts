/** Starts the endpoint and deploys the real app to it, once for all tests of the deployed stack. */
import { createServer, type AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { bootstrap, deploy } from "../../localstack/lib/deploy.ts";
import { startEndpoint, stopEndpoint } from "../../localstack/lib/endpoint.ts";

declare module "vitest" {
  interface ProvidedContext {
    localstackUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const endpoint = await startEndpoint({ port: await freePort() });
  try {
    await bootstrap(endpoint);
    await deploy(endpoint);
  } catch (error) {
    await stopEndpoint(endpoint);
    throw error;
  }
  project.provide("localstackUrl", endpoint.url);
  return () => stopEndpoint(endpoint);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
