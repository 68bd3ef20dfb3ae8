import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FreshetError } from "../../shared/core/errors.ts";
import { parseDagSettings, type DagSettings } from "../../shared/contract/environment.ts";
import type { Release } from "../../shared/contract/release.ts";
import { makeFolder } from "../../shared/embedded/make-folder.ts";
import type { Execute, Invocation } from "../command.ts";
import { bundleFiles } from "../load/bundle.ts";
import { inEnvironment } from "../load/in-environment.ts";
import { createDagLoader } from "../load/loader.ts";
import type { LoadResult } from "../load/result.ts";
import { shownPath } from "../load/fault.ts";
import { EXIT } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { printProblem, problemCount } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import { plural } from "../output/words.ts";
import { placeOf } from "../place.ts";

interface Options {
  readonly out?: string;
  readonly for?: string;
}

const OUT_DEFAULT = "cdk.out/release";

/** Writes `release.json` and `bundles/<hash>.mjs`; nothing if any DAG has an error: half of a release is none. */
export const execute: Execute<Options> = async ({ terminal, project, cwd, json, options }) => {
  const place = placeOf({ project, cwd });
  const out = resolve(cwd, options.out ?? OUT_DEFAULT);
  const loader = createDagLoader({ ...place, dagsDir: project.dagsDir });
  try {
    const written = await loader.load();
    const loaded = options.for === undefined ? written : inEnvironment(written, settingsIn(cwd, options.for));
    const files = [...new Set(loaded.dags.map(({ file }) => file))];
    const bundles = await bundleFiles(files, place);
    const problems = [
      ...loaded.problems,
      ...bundles.flatMap((result) => (result.kind === "failed" ? result.problems : [])),
    ];
    const line = sourceLines(cwd);
    if (!json) for (const problem of problems) printProblem(terminal.err, problem, line);
    if (problems.some(({ level }) => level === "error")) {
      throw new FreshetError("INVALID_DAG", `nothing was compiled: ${problemCount(problems)}`, { problems });
    }
    makeOutFolder(join(out, "bundles"), options.out ?? OUT_DEFAULT);
    const hashOf = new Map<string, string>();
    for (const [index, file] of files.entries()) {
      const result = bundles[index];
      if (result?.kind !== "bundled") continue;
      const { sha256, code } = result.bundle;
      hashOf.set(file, sha256);
      await writeFile(join(out, "bundles", `${sha256}.mjs`), code);
    }
    const release = releaseOf(loaded, hashOf);
    await writeFile(join(out, "release.json"), JSON.stringify(release));
    tell(terminal, json, release, shownPath(cwd, out));
    return EXIT.success;
  } finally {
    await loader.close();
  }
};

function settingsIn(cwd: string, given: string): DagSettings {
  try {
    return parseDagSettings(readFileSync(resolve(cwd, given), "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FreshetError("USAGE", `--for is '${given}', which \`cdk synth\` writes: ${reason}`, { cause });
  }
}

function makeOutFolder(path: string, given: string): void {
  try {
    makeFolder(path);
  } catch (cause) {
    const { code = "error" } = cause as NodeJS.ErrnoException;
    throw new FreshetError("USAGE", `--out is '${given}', where no folder can be made (${code}); name another`, {
      cause,
    });
  }
}

function releaseOf({ dags, packages }: LoadResult, hashOf: ReadonlyMap<string, string>): Release {
  return {
    v: 1,
    dags: dags.map(({ manifest, version, file }) => ({ version, manifest, bundle: hashOf.get(file) ?? "" })),
    packages: [...packages],
  };
}

function tell(terminal: Invocation["terminal"], json: boolean, { dags, packages }: Release, out: string): void {
  if (json) {
    printJson(terminal.out, {
      out,
      dags: dags.map(({ version, manifest: { dagId } }) => ({ dagId, version })),
      packages,
    });
    return;
  }
  terminal.out.line(`${plural(dags.length, "DAG")} compiled into ${out}`);
}
