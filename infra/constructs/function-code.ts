/** The code of a function: one module of its own for each entry, with all that it imports, the SDK included. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import { buildSync } from "esbuild";
import { FRESHET_ROOT } from "../project.ts";

/** Some packages are CommonJS, and ask for Node's modules by `require`. */
const REQUIRE =
  "import{createRequire as freshetRequire}from'node:module';const require=freshetRequire(import.meta.url);";

/** `entries`: by the name of the module in the function, the source file in this repository. */
export function functionCode(name: string, entries: Readonly<Record<string, string>>, out: string): Code {
  const folder = join(out, "functions", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  buildSync({
    entryPoints: Object.entries(entries).map(([module, file]) => ({ in: join(FRESHET_ROOT, file), out: module })),
    absWorkingDir: FRESHET_ROOT,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true, // What is needed rarely is loaded when it is.
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"], // Half of the time that CommonJS takes to load.
    banner: { js: REQUIRE },
    logLevel: "error",
    legalComments: "none",
  });
  return Code.fromAsset(folder);
}
