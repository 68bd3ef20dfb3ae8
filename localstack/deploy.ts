/** `npm run localstack:deploy`: the CDK app to what `localstack:up` has started, or to AWS_ENDPOINT_URL. */
import { deploy } from "./lib/deploy.ts";
import { isAnswering } from "./lib/endpoint.ts";
import { readState } from "./lib/state.ts";

const url = process.env["AWS_ENDPOINT_URL"] ?? readState()?.url;
if (url === undefined) {
  console.error("nothing to deploy to: `npm run localstack:up` starts an endpoint");
  process.exitCode = 1;
} else if (!(await isAnswering(url))) {
  console.error(`nothing answers at ${url}: \`npm run localstack:up\` starts an endpoint`);
  process.exitCode = 1;
} else {
  await deploy({ url, onLine: (text) => process.stderr.write(text) }).catch(() => {
    process.exitCode = 1; // The CDK has said why.
  });
}
