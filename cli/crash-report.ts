/** Where the details go of an error that nobody foresaw. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";

/** Writes it into the home, or where there is none, among the temporary files. Undefined if neither can be written. */
export function writeCrashReport(home: string, argv: readonly string[], error: unknown): string | undefined {
  const text = [
    new Date().toISOString(),
    `freshet ${argv.join(" ")}`,
    `node ${process.version}, ${process.platform} ${process.arch}`,
    inspect(error, { depth: 5 }),
    "",
  ].join("\n");
  const name = `crash-${new Date().toISOString().replaceAll(/[-:.]/g, "")}-${process.pid}.txt`;
  for (const folder of existsSync(home) ? [join(home, "crashes"), tmpdir()] : [tmpdir()]) {
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    } catch {
      // A full or read-only disk: the next place, or none.
    }
  }
  return undefined;
}
