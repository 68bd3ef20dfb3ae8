import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import { required, type Execute } from "../command.ts";
import { choiceOf } from "../given.ts";
import { createDagLoader } from "../load/loader.ts";
import { EXIT } from "../output/failure.ts";
import { mermaidOf } from "../output/mermaid.ts";
import { printJson } from "../output/json.ts";
import { placeOf } from "../place.ts";
import { printProblem } from "../output/problems.ts";
import { sourceLines } from "../output/source-line.ts";
import type { Channel } from "../output/terminal.ts";
import { plural } from "../output/words.ts";
import { findDag, likelyFiles } from "../run/find-dag.ts";

interface Options {
  readonly format?: string;
}

/** A drawing of more tasks would be larger than any screen, and slow to make. */
const TASKS_DRAWN_MAX = 60;

export const execute: Execute<Options> = async ({ terminal, project, cwd, json, args, options }) => {
  const format = choiceOf("--format", options.format, ["terminal", "mermaid"]) ?? "terminal";
  const place = placeOf({ project, cwd });
  const loader = createDagLoader({ ...place, dagsDir: project.dagsDir });
  try {
    const dagId = required(args, 0);
    const { dag, problems } = await findDag(loader, await likelyFiles(project.dagsDir, dagId), dagId);
    const { manifest } = dag;
    for (const problem of problems) printProblem(terminal.err, problem, sourceLines(cwd));
    if (json) printJson(terminal.out, graphView(manifest));
    else if (format === "mermaid") terminal.out.write(mermaidOf(manifest, "LR"));
    else await draw(terminal.out, manifest);
    return EXIT.success;
  } finally {
    await loader.close();
  }
};

const graphView = (manifest: Manifest): object => ({
  dagId: manifest.dagId,
  tasks: manifest.tasks.map(({ taskId, kind, role, rule, upstream, setups, map, child }) => ({
    taskId,
    kind,
    role,
    rule,
    upstream,
    setups,
    map,
    child,
  })),
  mermaid: mermaidOf(manifest, "LR"),
});

/** From left to right where that fits, else from the top down; a list where neither would help. */
async function draw(out: Channel, manifest: Manifest): Promise<void> {
  if (manifest.tasks.length > TASKS_DRAWN_MAX) return list(out, manifest);
  const { renderMermaidASCII } = await import("beautiful-mermaid");
  const drawings = (["LR", "TD"] as const).map((direction) =>
    renderMermaidASCII(mermaidOf(manifest, direction), { colorMode: "none", paddingX: 3, paddingY: 1 }).split("\n"),
  );
  const widths = drawings.map((lines) => Math.max(...lines.map((line) => line.length)));
  const columns = Number.isFinite(out.columns) ? out.columns : COLUMNS_DEFAULT;
  const fitting = drawings.find((_, index) => (widths[index] ?? 0) <= columns);
  if (fitting === undefined) return list(out, manifest);
  for (const line of fitting) out.line(line.trimEnd());
}

/** Where a drawing goes into a file, it should still be one to look at. */
const COLUMNS_DEFAULT = 160;

function list(out: Channel, { dagId, tasks }: Manifest): void {
  out.line(`${out.paint("bold", dagId)}, ${plural(tasks.length, "task")}, each with what it comes after:`);
  for (const task of tasks) {
    const child = task.child === null ? "" : ` → dag ${task.child.dagId}`;
    out.line(`  ${task.taskId}${child}${after(out, task)}`);
  }
  out.line(out.paint("dim", `\`freshet graph ${dagId} --format mermaid\` gives it to a program that draws`));
}

const after = (out: Channel, { upstream, setups }: TaskSpec): string => {
  const names = [...upstream.map(({ taskId, optional }) => (optional ? `${taskId}?` : taskId)), ...setups];
  return names.length === 0 ? "" : out.paint("dim", ` ← ${[...new Set(names)].join(", ")}`);
};
