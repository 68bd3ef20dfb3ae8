/** What a deployment says that cannot be: on an endpoint of its own, which nobody has prepared. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deploy } from "../../localstack/lib/deploy.ts";
import { endEndpoint, startEndpoint, stopEndpoint, type Endpoint } from "../../localstack/lib/endpoint.ts";
import { freePort } from "../../localstack/lib/free-port.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("an endpoint to which nothing was deployed yet", () => {
  let endpoint: Endpoint;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    endpoint = await startEndpoint({ port });
    process.once("exit", () => endEndpoint(endpoint));
  });
  afterAll(() => stopEndpoint(endpoint));

  test("an account that the CDK does not know is refused, with its region and the command that prepares it", async () => {
    await expect(deploy({ url: endpoint.url })).rejects.toThrow(
      /not found in aws:\/\/000000000000\/eu-west-1\. Has the environment been bootstrapped\? Please run 'cdk bootstrap'/,
    );
  });

  test("a second endpoint on its port is refused, with what to do", async () => {
    await expect(startEndpoint({ port })).rejects.toThrow(
      `port ${port} is taken: stop what listens there (\`npm run localstack:down\`, if it is ours), or set FRESHET_LOCALSTACK_PORT`,
    );
  });
});

test("a deployment to where nothing answers is refused before it begins", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;

  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "localstack/deploy.ts")], {
    encoding: "utf8",
    env: { ...process.env, AWS_ENDPOINT_URL: url },
  });

  expect(status).toBe(1);
  expect(stderr.trim()).toBe(`nothing answers at ${url}: \`npm run localstack:up\` starts an endpoint`);
});
