/** Builds the code of a function: one module for each entry, with all that it imports, the SDK included. */
import { join } from "node:path";
import { build, type BuildOptions, type Metafile } from "esbuild";
import { FRESHET_ROOT } from "../project.ts";
import { APART, apart, credentials, trimmed, type Credentials } from "./trim.ts";

/** Some packages are CommonJS, and ask for Node's modules by `require`. */
const REQUIRE =
  "import{createRequire as freshetRequire}from'node:module';const require=freshetRequire(import.meta.url);";

/** By the name of the module in the function, the source file in this repository. */
export type Entries = Readonly<Record<string, string>>;

/** What was built into `folder`, by file. The modules of `APART` that something imports lie beside it. */
export async function buildFunction(entries: Entries, folder: string, from: Credentials): Promise<Metafile> {
  const common = optionsOf(folder);
  const built = await build({
    ...common,
    entryPoints: Object.entries(entries).map(([module, file]) => ({ in: join(FRESHET_ROOT, file), out: module })),
    splitting: true, // What is needed rarely is loaded when it is.
    plugins: [apart, credentials(from), trimmed],
  });
  const imported = Object.values(built.metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const needed = Object.entries(APART).filter(([module]) => imported.includes(`./${module}.mjs`));
  if (needed.length === 0) return built.metafile;
  const beside = await build({
    ...common,
    entryPoints: needed.map(([module, file]) => ({ in: join(FRESHET_ROOT, file), out: module })),
    plugins: [credentials(from), trimmed],
  });
  return {
    inputs: { ...built.metafile.inputs, ...beside.metafile.inputs },
    outputs: { ...built.metafile.outputs, ...beside.metafile.outputs },
  };
}

const optionsOf = (folder: string) =>
  ({
    absWorkingDir: FRESHET_ROOT,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"], // Half of the time that CommonJS takes to load.
    banner: { js: REQUIRE },
    logLevel: "error",
    legalComments: "none",
    metafile: true,
  }) as const satisfies BuildOptions;
