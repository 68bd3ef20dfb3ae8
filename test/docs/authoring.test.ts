import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { UNMAPPED, runId, taskId, versionHash } from "../../shared/core/ids.ts";
import type { JsonValue } from "../../shared/core/json.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import { LOCAL_ENVIRONMENT, type RunnerResult, type TaskHost } from "../../shared/core/task-host.ts";
import { instant } from "../../shared/core/time.ts";
import { compileAll } from "../../shared/dsl/compile.ts";
import { bundle } from "../../shared/dsl/runtime.ts";
import { memoryObjectStore, type MemoryObjectStore } from "../builders/memory-object-store.ts";
import { examplesIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const { files, failures } = examplesIn(readFileSync(join(ROOT, "docs/authoring.md"), "utf8"));

// Inside the project, so that `import … from "freshet"` is what it is for an author.
mkdirSync(join(ROOT, "tmp"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "tmp/authoring-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, code] of files) writeFileSync(join(folder, name), code);
for (const [index, { code }] of failures.entries()) writeFileSync(join(folder, `failure-${index}.ts`), code);

/** What the compiler says, by file; without the continuation lines' indentation. */
function compilerMessages(): ReadonlyMap<string, string> {
  const options = { extends: join(ROOT, "tsconfig.json"), include: ["*.ts"], exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const messages = new Map<string, string>();
  let file = "";
  for (const line of outputOf(() => execFileSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" }))) {
    const [, name, message = line.trim()] = /([^/\s(]+)\(\d+,\d+\): error TS\d+: (.*)$/.exec(line) ?? [];
    file = name ?? file;
    messages.set(file, `${messages.get(file) ?? ""}${message}\n`);
  }
  return messages;
}

/** Of a command that may fail. */
function outputOf(command: () => string): readonly string[] {
  try {
    return command().split("\n").filter(Boolean);
  } catch (error) {
    return String((error as { stdout: unknown }).stdout)
      .split("\n")
      .filter(Boolean);
  }
}

const HOST = {
  scratch: "/scratch",
  staging: { bucket: "data-lake", prefix: "_staging/r/t/1/" },
  log: () => {},
  now: () => 0,
  environment: LOCAL_ENVIRONMENT,
};

/** Every task of the DAG, one after the other. */
async function runAll(
  manifest: Manifest,
  exports: object,
  objects: MemoryObjectStore,
): Promise<Record<string, RunnerResult>> {
  const results: Record<string, RunnerResult> = {};
  const outputs: Record<string, JsonValue> = {};
  const host: TaskHost<AbortSignal> = { ...HOST, objects, signal: new AbortController().signal };
  const run = { runId: runId(`${manifest.dagId}.r`), dagId: manifest.dagId, version: versionHash("a".repeat(64)) };
  const dates = { start: "2026-06-30T23:00:00Z", end: "2026-07-01T23:00:00Z" };
  const stored = objects.keys("data-lake").filter((key) => key.startsWith("raw/"));
  const arrived = { bucket: "data-lake", size: 1, etag: "e", version: "1", arrivedAt: dates.end };
  for (const task of manifest.tasks) {
    const result = await bundle([exports]).execute(
      {
        dispatch: {
          v: 1,
          key: { runId: run.runId, taskId: taskId(task.taskId), mapIndex: UNMAPPED, attempt: 1 },
          run: {
            ...run,
            bundle: "b",
            runType: "scheduled",
            epoch: 1,
            timezone: manifest.timezone,
            logicalDate: dates.start,
            dataInterval: dates,
            params: {},
            files: [],
          },
          token: "t",
          carried: {},
          upstream: [],
          timeoutMs: task.timeoutMs,
          sentAt: instant(0),
        },
        outputs,
        files: stored.map((key) => ({ ...arrived, key })),
      },
      host,
    );
    results[task.taskId] = result;
    if (result.kind === "success" && result.output !== undefined) outputs[task.taskId] = result.output;
  }
  return results;
}

describe("docs/authoring.md", () => {
  const messages = compilerMessages();

  test.each([...files.keys()])("%s compiles without a message", (name) => {
    expect(messages.get(name)).toBeUndefined();
  });

  test.each(failures.map(({ message }, index) => [index, message] as const))(
    "failure %i gives the compiler's message that the page shows",
    (index, message) => {
      expect(message).not.toBe("");
      expect(messages.get(`failure-${index}.ts`)).toContain(message);
    },
  );

  test.each([...files.keys()])("%s defines a pipeline whose tasks run", async (name) => {
    const exports = (await import(join(folder, name))) as object;
    const objects = memoryObjectStore();
    objects.seed("data-lake", "raw/orders/monday.csv", "id,amount\n1,10\n2,20\n");

    const [compiled] = compileAll([{ file: name, exports }]);
    const [manifest] = compiled?.manifests ?? [];
    const results = manifest === undefined ? {} : await runAll(manifest, exports, objects);

    expect(compiled?.problems).toEqual([]);
    expect(Object.values(results).map(({ kind }) => kind)).toEqual(manifest?.tasks.map(() => "success"));
    expect(Object.fromEntries(Object.entries(results).map(([id, result]) => [id, shown(result)]))).toMatchSnapshot();
  });
});

const shown = (result: RunnerResult): unknown =>
  result.kind === "success" ? (result.output ?? result.chosen ?? result.proceed ?? null) : result;
