/**
 * What of the npm packages a function does not need, and so does not load. Each replaces a module by as much of it as our code
 * reaches; `bundles.int.test.ts` holds what was replaced against the original.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";
import { FRESHET_ROOT } from "../project.ts";

/**
 * Modules that are built by themselves, beside the function: by their name there, the source. What they bring along shares much
 * with the rest of a function, and a bundler would load all of that at the start, for calls that few invocations make.
 */
export const APART: Readonly<Record<string, string>> = {
  s3: "shared/aws/s3/s3.ts",
  "json-schema": "shared/contract/json-schema.ts",
};

export const apart: Plugin = {
  name: "apart",
  setup(bundler) {
    bundler.onResolve({ filter: /[\\/](s3|json-schema)\.ts$/ }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path);
      const [name] = Object.keys(APART).filter((module) => file === join(FRESHET_ROOT, APART[module] ?? ""));
      return name === undefined ? undefined : { path: `./${name}.mjs`, external: true };
    });
  },
};

/**
 * `environment`: Lambda's, which puts them there, and has neither files of settings nor a machine to ask. `chain`: wherever the
 * SDK looks for them, as a container needs.
 */
export type Credentials = "environment" | "chain";

export const credentials = (from: Credentials): Plugin => ({
  name: "credentials",
  setup(bundler) {
    if (from === "chain") return;
    bundler.onLoad({ filter: /[\\/]@aws-sdk[\\/]credential-provider-node[\\/]dist-es[\\/]index\.js$/ }, () => ({
      contents: `import { fromEnv } from "@aws-sdk/credential-provider-env";
        export const defaultProvider = (init) => fromEnv(init);`,
      resolveDir: import.meta.dirname,
    }));
    bundler.onLoad({ filter: /[\\/]shared-ini-file-loader[\\/]loadSharedConfigFiles\.js$/ }, ({ path }) => ({
      contents: `export { CONFIG_PREFIX_SEPARATOR } from "./constants";
        export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
      resolveDir: dirname(path),
    }));
    bundler.onLoad({ filter: /[\\/]regionConfig[\\/]getInstanceMetadataRegion\.js$/ }, () => ({
      contents: "export const getInstanceMetadataRegion = async () => undefined;",
    }));
  },
});

interface Replacement {
  readonly file: RegExp;
  readonly contents: (original: string) => string;
}

const REPLACEMENTS: readonly Replacement[] = [
  {
    // cron.ts asks for the fields of an expression, and computes its dates by itself: no dates, and no luxon.
    file: /[\\/]cron-parser[\\/]dist[\\/]CronExpression\.js$/,
    contents: () => "exports.CronExpression = class { constructor(fields) { this.fields = fields; } };",
  },
  {
    file: /[\\/]cron-parser[\\/]dist[\\/]CronDate\.js$/,
    contents: () => "exports.DAYS_IN_MONTH = Object.freeze([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);",
  },
  {
    file: /[\\/]cron-parser[\\/]dist[\\/]index\.js$/,
    contents: () => 'exports.CronExpressionParser = require("./CronExpressionParser").CronExpressionParser;',
  },
  {
    // DynamoDB's endpoint discovery, which is off unless somebody asks for it.
    file: /[\\/]@aws-sdk[\\/]endpoint-cache[\\/]dist-es[\\/]index\.js$/,
    contents: () => "export class EndpointCache {}",
  },
  {
    // What would stand in for Node's own hashes where Node was built without them.
    file: /[\\/]@smithy[\\/]core[\\/]dist-es[\\/]submodules[\\/]checksum[\\/](sha256[\\/]Sha256|md5[\\/]Md5)Js\.js$/,
    contents: () => "export const Sha256Js = undefined, Md5Js = undefined;",
  },
  {
    // Our clients say `retryMode: "standard"`.
    file: /[\\/]@smithy[\\/]core[\\/]dist-es[\\/]submodules[\\/]retry[\\/]util-retry[\\/]AdaptiveRetryStrategy\.js$/,
    contents: () => "export class AdaptiveRetryStrategy {}",
  },
  {
    // A client tells its version, and brings its whole package.json for that.
    file: /[\\/]@aws-sdk[\\/]client-[a-z0-9-]+[\\/]package\.json$/,
    contents: (original) => JSON.stringify({ version: (JSON.parse(original) as { version: string }).version }),
  },
];

export const trimmed: Plugin = {
  name: "trimmed",
  setup(bundler) {
    for (const { file, contents } of REPLACEMENTS) {
      bundler.onLoad({ filter: file }, async ({ path }) => ({
        contents: contents(await readFile(path, "utf8")),
        loader: path.endsWith(".json") ? "json" : "js",
      }));
    }
  },
};
