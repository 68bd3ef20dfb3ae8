/** Starts the endpoint, deploys the real app to it and records what happens there, once for all tests of the deployed stack. */
import type { TestProject } from "vitest/node";
import { REGION, bootstrap, deploy } from "../../localstack/lib/deploy.ts";
import { endEndpoint, startEndpoint, stopEndpoint } from "../../localstack/lib/endpoint.ts";
import { freePort } from "../../localstack/lib/free-port.ts";
import { startRecording, type Recording } from "./history/recorder.ts";
import { findLocal } from "./place.ts";

export interface Localstack {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  readonly recording: Recording;
}

declare module "vitest" {
  interface ProvidedContext {
    localstack: Localstack;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const port = await freePort();
  const endpoint = await startEndpoint({ port, state: "written" });
  process.once("exit", () => endEndpoint(endpoint)); // Somebody may not want to wait for the end of the tests.
  try {
    await bootstrap(endpoint);
    await deploy(endpoint);
    const { url, pid, logFile } = endpoint;
    const { clients, deployment } = await findLocal(url);
    const recording = await startRecording(clients, deployment, { url, region: REGION });
    project.provide("localstack", { url, port, pid, logFile, recording });
  } catch (error) {
    await stopEndpoint(endpoint);
    throw error;
  }
  return () => stopEndpoint(endpoint);
}
