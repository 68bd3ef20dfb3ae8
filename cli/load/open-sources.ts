/** Completes what is known of files that import more while they run. */
import { readFileSync } from "node:fs";
import { hash } from "node:crypto";
import { sourcesByBundler, type BundleOptions } from "./bundle.ts";
import type { FileReport } from "./protocol.ts";
import { namedSources } from "./sources.ts";
import { codeHashOf, versionOf } from "./version.ts";

/** The reports, those that are open completed: their versions depend on all of the code that a bundle will hold. */
export async function closeReports(
  reports: readonly FileReport[],
  options: BundleOptions,
): Promise<readonly FileReport[]> {
  return Promise.all(reports.map(async (report) => (report.open ? closeReport(report, options) : report)));
}

async function closeReport(report: FileReport, options: BundleOptions): Promise<FileReport> {
  const found = await sourcesByBundler(report.file, options);
  if ("problems" in found) return { ...report, dags: [], problems: [...report.problems, ...found.problems] };
  const sources = [...new Set([...report.sources, ...found.sources])];
  const packages = [...new Set([...report.packages, ...found.packages])].toSorted();
  const codeHash = codeHashOf(namedSources(options.root, sources, sha256Of), packages);
  const dags = report.dags.map(({ manifest: bare, at }) => {
    const manifest = { ...bare, codeHash };
    return { manifest, version: versionOf(manifest), at };
  });
  return { ...report, sources, packages, dags };
}

function sha256Of(path: string): string | undefined {
  try {
    return hash("sha256", readFileSync(path));
  } catch {
    return undefined; // Removed a moment ago: the next load will see.
  }
}
